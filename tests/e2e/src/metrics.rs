//! What a host exports at `/metrics`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};

/// One look at a host's metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Metrics {
    /// By name and labels, as they are written.
    samples: BTreeMap<String, f64>,
    /// Name and type of each family; a counter with its suffix.
    pub families: BTreeSet<(String, String)>,
}

impl Metrics {
    /// Reads the text format.
    pub fn parse(text: &str) -> Result<Self> {
        ensure!(text.ends_with("# EOF\n"), "cut off:\n{text}");
        let mut metrics = Self { samples: BTreeMap::new(), families: BTreeSet::new() };
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                let (name, kind) = family.split_once(' ').with_context(|| format!("no type: {line}"))?;
                let suffix = match kind {
                    "counter" => "_total",
                    "info" => "_info",
                    _ => "",
                };
                let is_new = metrics.families.insert((format!("{name}{suffix}"), kind.to_owned()));
                ensure!(is_new, "twice: {line}");
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').with_context(|| format!("no value: {line}"))?;
                let value = value.parse().with_context(|| format!("no number: {line}"))?;
                ensure!(metrics.samples.insert(series.to_owned(), value).is_none(), "twice: {line}");
            }
        }
        Ok(metrics)
    }

    /// A series by its name and labels, as in `name_total{kind="x"}`; 0 if it is not there.
    pub fn get(&self, series: &str) -> f64 {
        self.samples.get(series).copied().unwrap_or_default()
    }

    /// Every series that begins like this, and its value.
    pub fn all<'a>(&'a self, beginning: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        let series = self.samples.iter().filter(move |(series, _)| series.starts_with(beginning));
        series.map(|(series, value)| (&**series, *value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_was_cut_off_or_says_something_twice_is_refused() {
        let whole = "# TYPE a counter\na_total{b=\"c\"} 3\n# EOF\n";
        let metrics = Metrics::parse(whole).unwrap();
        assert!((metrics.get("a_total{b=\"c\"}") - 3.0).abs() < 1e-9);
        assert!(metrics.families.contains(&("a_total".to_owned(), "counter".to_owned())));
        assert!(Metrics::parse(&whole[..20]).is_err());
        assert!(Metrics::parse("a 1\na 2\n# EOF\n").is_err());
    }
}
