//! Writing metrics down, one family at a time.

use std::fmt::Error;

use measure::Distribution;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// The labels of one series.
type Labels<'a> = [(&'a str, &'a str)];

/// Takes metrics down. Names are without prefix, and without the suffixes that the format adds: `_total` of a counter,
/// and the unit.
pub(super) struct Exposition<'a>(pub(super) DescriptorEncoder<'a>);

impl Exposition<'_> {
    /// Facts that do not change, as labels.
    pub(super) fn info(&mut self, name: &str, help: &str, facts: &Labels<'_>) -> Result<(), Error> {
        self.0.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&facts)
    }

    /// A number that only grows.
    pub(super) fn counter(&mut self, name: &str, help: &str, count: u64) -> Result<(), Error> {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&count, None)
    }

    /// The same with labels, one series for each.
    pub(super) fn counters<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        series: impl IntoIterator<Item = ([(&'l str, &'l str); N], u64)>,
    ) -> Result<(), Error> {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, count) in series {
            metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
        }
        Ok(())
    }

    /// A number that goes up and down.
    pub(super) fn gauge(&mut self, name: &str, help: &str, unit: Option<&Unit>, level: f64) -> Result<(), Error> {
        self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?.encode_gauge(&level)
    }

    /// The same for what is there in whole numbers.
    pub(super) fn level(&mut self, name: &str, help: &str, unit: Option<&Unit>, level: usize) -> Result<(), Error> {
        let level = u64::try_from(level).unwrap_or(u64::MAX);
        self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?.encode_gauge(&level)
    }

    /// The same with a label, one series for each.
    pub(super) fn levels<'l>(
        &mut self,
        name: &str,
        help: &str,
        series: impl IntoIterator<Item = ([(&'l str, &'l str); 1], usize)>,
    ) -> Result<(), Error> {
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, level) in series {
            let level = u64::try_from(level).unwrap_or(u64::MAX);
            metric.encode_family(&labels)?.encode_gauge(&level)?;
        }
        Ok(())
    }

    /// How often each size was seen.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        unit: &Unit,
        distribution: &Distribution,
    ) -> Result<(), Error> {
        encode(distribution, &mut self.0.encode_descriptor(name, help, Some(unit), MetricType::Histogram)?)
    }

    /// The same with a label, one series for each.
    pub(super) fn histograms<'d>(
        &mut self,
        name: &str,
        help: &str,
        unit: &Unit,
        series: impl IntoIterator<Item = ((&'d str, &'d str), &'d Distribution)>,
    ) -> Result<(), Error> {
        let mut metric = self.0.encode_descriptor(name, help, Some(unit), MetricType::Histogram)?;
        for (label, distribution) in series {
            encode(distribution, &mut metric.encode_family(&[label])?)?;
        }
        Ok(())
    }
}

fn encode(distribution: &Distribution, metric: &mut MetricEncoder<'_>) -> Result<(), Error> {
    // The format wants the last bucket even of what was never measured.
    let buckets = if distribution.buckets.is_empty() { &[(f64::INFINITY, 0)] } else { &*distribution.buckets };
    metric.encode_histogram::<NoLabelSet>(distribution.sum, distribution.count(), buckets, None)
}
