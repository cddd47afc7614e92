//! What the rounds came to.

use serde::Serialize;

use super::{Engine, Latency, Run};

/// All runs, and the medians over the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    settings: Vec<Settings>,
    runs: Vec<Run>,
    rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Settings {
    engine: Engine,
    settings: String,
}

/// Medians of an engine on a workload.
#[derive(Debug, Serialize)]
struct Row {
    workload: &'static str,
    engine: Engine,
    orchestrations_per_second: f64,
    latency: Option<Latency>,
    cpu_ms_per_orchestration: f64,
    kib_written_per_orchestration: f64,
    /// In all rounds.
    failed: usize,
    syncs_per_second: f64,
    /// How many times as fast ours was in the same round: by the rate, or by the median latency where there is one.
    ours_is_faster: Spread,
    /// How many times its processor time ours takes.
    our_cpu: Spread,
}

/// Of the rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Comparison {
    pub(super) fn of(runs: Vec<Run>) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for run in &runs {
            if !rows.iter().any(|row| (row.workload, row.engine) == (run.workload, run.engine)) {
                rows.extend(Row::of(&runs, run.workload, run.engine));
            }
        }
        // By workload, each in the order in which the engines are listed.
        rows.sort_by_key(|row| (row.workload, Engine::ALL.iter().position(|engine| *engine == row.engine)));
        let settings = Engine::ALL.map(|engine| Settings { engine, settings: engine.settings() }).into();
        Self { settings, runs, rows }
    }
}

impl Row {
    fn of(runs: &[Run], workload: &'static str, engine: Engine) -> Option<Self> {
        let of = |engine: Engine| runs.iter().filter(move |run| run.workload == workload && run.engine == engine);
        // One of ours is in every round.
        let pairs =
            || of(engine).filter_map(|run| Some((of(Engine::Rondo).find(|ours| ours.round == run.round)?, run)));
        let median = |figure: fn(&Run) -> f64| Some(Spread::of(of(engine).map(figure))?.median);
        let latency = |figure: fn(&Latency) -> f64| {
            Some(Spread::of(of(engine).filter_map(|run| run.latency.as_ref().map(figure)))?.median)
        };
        Some(Self {
            workload,
            engine,
            orchestrations_per_second: median(|run| run.orchestrations_per_second)?,
            latency: latency(|latency| latency.p50_ms)
                .zip(latency(|latency| latency.p99_ms))
                .map(|(p50_ms, p99_ms)| Latency { p50_ms, p99_ms }),
            cpu_ms_per_orchestration: median(|run| run.cpu_ms_per_orchestration)?,
            kib_written_per_orchestration: median(|run| run.kib_written_per_orchestration)?,
            failed: of(engine).map(|run| run.failed).sum(),
            syncs_per_second: median(|run| run.syncs_per_second)?,
            ours_is_faster: Spread::of(pairs().map(|(ours, run)| times_as_fast(ours, run)))?,
            our_cpu: Spread::of(
                pairs().map(|(ours, run)| ours.cpu_ms_per_orchestration / run.cpu_ms_per_orchestration),
            )?,
        })
    }
}

fn times_as_fast(ours: &Run, run: &Run) -> f64 {
    match (ours.latency, run.latency) {
        (Some(ours), Some(latency)) => latency.p50_ms / ours.p50_ms,
        _ => ours.orchestrations_per_second / run.orchestrations_per_second,
    }
}

impl Spread {
    /// None of nothing. Of an even number the median is the lower of the two in the middle.
    fn of(figures: impl Iterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<_> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let median = *figures.get(figures.len().checked_sub(1)? / 2)?;
        Some(Self { median, min: *figures.first()?, max: *figures.last()? })
    }
}

/// Prints the medians, and what the engines do for durability.
pub(crate) fn print(comparison: &Comparison) {
    println!(
        "{:<20}{:<17}{:>8}{:>9}{:>9}{:>10}{:>9}{:>8}{:>9}   {:<24}times its CPU",
        "workload",
        "engine",
        "orch/s",
        "p50 ms",
        "p99 ms",
        "CPU ms/o",
        "KiB/o",
        "failed",
        "disk/s",
        "times as fast is Rondo"
    );
    for row in &comparison.rows {
        let Row {
            workload,
            engine,
            orchestrations_per_second,
            latency,
            cpu_ms_per_orchestration,
            kib_written_per_orchestration,
            failed,
            syncs_per_second,
            ours_is_faster,
            our_cpu,
        } = row;
        let latency = |figure: fn(&Latency) -> f64| {
            latency.as_ref().map_or_else(|| "-".to_owned(), |latency| format!("{:.2}", figure(latency)))
        };
        let spread = |Spread { median, min, max }: &Spread| match engine {
            Engine::Rondo => String::new(),
            _ => format!("{median:.2} ({min:.2}-{max:.2})"),
        };
        let line = format!(
            "{workload:<20}{:<17}{orchestrations_per_second:>8.0}{:>9}{:>9}{cpu_ms_per_orchestration:>10.2}\
             {kib_written_per_orchestration:>9.1}{failed:>8}{syncs_per_second:>9.0}   {:<24}{}",
            engine.name(),
            latency(|latency| latency.p50_ms),
            latency(|latency| latency.p99_ms),
            spread(ours_is_faster),
            spread(our_cpu),
        );
        println!("{}", line.trim_end());
    }
    println!("\ndisk/s: writes of 4 KiB that the disk synced each second, just before the run");
    println!(
        "the last columns: how many times its figure, median of the rounds (least-most); by p50 where there is one\n"
    );
    for Settings { engine, settings } in &comparison.settings {
        println!("{:<17}{settings}", engine.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(round: usize, engine: Engine, rate: f64, p50_ms: Option<f64>) -> Run {
        Run {
            round,
            engine,
            workload: "W",
            orchestrations_per_second: rate,
            latency: p50_ms.map(|p50_ms| Latency { p50_ms, p99_ms: 9.0 }),
            cpu_ms_per_orchestration: 1.0,
            kib_written_per_orchestration: 1.0,
            failed: 1,
            syncs_per_second: 1.0,
        }
    }

    #[test]
    fn a_ratio_compares_runs_of_the_same_round_whatever_their_order() {
        let runs = vec![
            run(0, Engine::Rondo, 100.0, None),
            run(0, Engine::Duroxide, 10.0, None),
            run(1, Engine::Duroxide, 100.0, None),
            run(1, Engine::Rondo, 300.0, None),
            run(2, Engine::Rondo, 400.0, None),
            run(2, Engine::Duroxide, 100.0, None),
        ];
        let comparison = Comparison::of(runs);
        let [ours, peer] = &comparison.rows[..] else { panic!("{comparison:?}") };
        assert_eq!((ours.engine, ours.orchestrations_per_second), (Engine::Rondo, 300.0));
        assert_eq!((peer.engine, peer.failed), (Engine::Duroxide, 3));
        assert_eq!(peer.ours_is_faster, Spread { median: 4.0, min: 3.0, max: 10.0 });
    }

    #[test]
    fn where_there_is_a_latency_the_shorter_one_is_the_faster() {
        let runs = vec![run(0, Engine::Rondo, 1.0, Some(2.0)), run(0, Engine::Duroxide, 1.0, Some(6.0))];
        let comparison = Comparison::of(runs);
        assert_eq!(comparison.rows[1].ours_is_faster, Spread { median: 3.0, min: 3.0, max: 3.0 });
    }
}
