//! The table of requests.

use std::collections::BTreeSet;
use std::fmt::Display;

use store_azure::Options;

use super::shape::{Reference, Shape};
use super::{Cost, LIVES};

/// One line of the table: what it says of each shape, and of a turn in the middle.
struct Line {
    title: String,
    cells: Vec<String>,
}

/// Prints the costs, beside those of the reference provider.
pub(crate) fn print(costs: &[Cost]) {
    println!("requests of one orchestration from its start to its end, the median of {LIVES}\n");
    let title = |title: &str, cells: Vec<String>| Line { title: title.to_owned(), cells };
    let names = costs.iter().map(|cost| cost.shape.name.to_owned()).chain(["warm middle turn".to_owned()]);
    let mut lines = vec![title("", names.collect())];
    let kinds: BTreeSet<_> = costs.iter().flat_map(|cost| cost.requests.keys().copied()).collect();
    for kind in kinds {
        lines.push(title(kind, figures(costs, |cost| cost.requests_of(kind))));
    }
    let ranges = costs.iter().map(|cost| range(cost.range)).collect();
    let idle_polls = costs.iter().map(|cost| cost.idle_polls.to_string()).collect();
    lines.extend([
        title("total, etag condition on", figures(costs, |cost| cost.total)),
        title("  fewest to most", ranges),
        title("total, etag condition off", figures(costs, |cost| cost.total_unguarded)),
        title("reference, etag condition on", references(costs, |reference| reference.etag_on)),
        title("reference, etag condition off", references(costs, |reference| reference.etag_off)),
        title("idle polls meanwhile", idle_polls),
    ]);
    for Line { title, cells } in lines {
        print!("{title:<31}");
        for cell in cells {
            print!("{cell:>18}");
        }
        println!();
    }
    let Options { poll_min, poll_max, .. } = Options::default();
    println!(
        "\nA warm middle turn is a seventh of what 10 in sequence need more than 3, its activity included.\n\
         Idle polls are no requests of any orchestration: a host looks into an empty queue again after {poll_min:?}, then\n\
         after twice as long each time, up to {poll_max:?}; the reference provider up to 30s."
    );
}

/// A figure of each shape, and of a turn in the middle.
fn figures(costs: &[Cost], figure: impl Fn(&Cost) -> u64) -> Vec<String> {
    let of = |shape: Shape| costs.iter().find(|cost| cost.shape.name == shape.name).map_or(0, &figure);
    let longer = of(Shape::LONG).saturating_sub(of(Shape::SHORT));
    let text = |figure: u64| if figure == 0 { "-".to_owned() } else { figure.to_string() };
    let middle = if longer.is_multiple_of(Shape::LONGER_BY) {
        text(longer / Shape::LONGER_BY)
    } else {
        format!("{:.1}", longer as f64 / Shape::LONGER_BY as f64)
    };
    costs.iter().map(|cost| text(figure(cost))).chain([middle]).collect()
}

fn range<T: PartialEq + Display>((least, most): (T, T)) -> String {
    if least == most { least.to_string() } else { format!("{least} to {most}") }
}

fn references(costs: &[Cost], of: impl Fn(Reference) -> (u32, u32)) -> Vec<String> {
    let references = costs.iter().map(|cost| cost.shape.reference).chain([Some(Reference::MIDDLE_TURN)]);
    references.map(|reference| reference.map_or("not given".to_owned(), |reference| range(of(reference)))).collect()
}
