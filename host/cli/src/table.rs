//! Tables for people: columns aligned by blanks, no lines.

use comfy_table::{ContentArrangement, Table, presets};

/// Rows below a head; without rows `empty` is said instead.
pub(crate) fn rows(head: &[&str], rows: Vec<Vec<String>>, empty: &str) -> String {
    if rows.is_empty() {
        return empty.to_owned();
    }
    let mut table = plain();
    table.set_header(head.to_vec());
    table.add_rows(rows);
    trimmed(&table)
}

/// Names and values, one pair a line; pairs without a value are left out.
pub(crate) fn pairs(pairs: Vec<(&str, Option<String>)>) -> String {
    let mut table = plain();
    table.add_rows(pairs.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?])));
    trimmed(&table)
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn trimmed(table: &Table) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    // Every line begins with the padding of its first column.
    let lines: Vec<&str> = lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let shown = rows(
            &["ID", "STATUS"],
            vec![vec!["a".into(), "Running".into()], vec!["länger".into(), "Failed".into()]],
            "none",
        );
        insta::assert_snapshot!(shown, @r"
        ID      STATUS
        a       Running
        länger  Failed
        ");
    }

    #[test]
    fn nothing_is_said_in_words() {
        assert_eq!(rows(&["ID"], Vec::new(), "no instances"), "no instances");
    }

    #[test]
    fn pairs_without_a_value_are_left_out() {
        let shown = pairs(vec![("id", Some("a".into())), ("version", None), ("status", Some("Running".into()))]);
        insta::assert_snapshot!(shown, @r"
        id      a
        status  Running
        ");
    }
}
