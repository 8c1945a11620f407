//! Queries of metric data: metrics with a statistic, and expressions over them. An expression has numbers, ids of other
//! queries, `+ - * /`, parentheses, `SUM([a, b])` and `FILL(a, 0)` or `FILL(a, REPEAT)`.
//!
//! Source: AWS's guide to CloudWatch, "Using metric math".

mod parser;

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

pub use parser::Expression;

use crate::metrics::{Metric, Point, Query, Statistic, Unit};

/// Values by start of the period in seconds.
pub type Series = BTreeMap<i64, f64>;

/// Reads the values of a metric.
pub type ReadPoints<'a> = dyn Fn(&Metric, Query) -> Vec<Point> + 'a;

/// A query of a request, as clients send it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetricDataQuery {
    /// The name of the result in expressions.
    pub id: String,
    /// A metric with a statistic. A query has either this or `expression`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_stat: Option<MetricStat>,
    /// An expression of metric math.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The label of the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether the result is returned; true if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_data: Option<bool>,
    /// The period of an expression in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<i64>,
    /// The account of the metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
}

/// A metric with a statistic.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetricStat {
    /// The metric.
    pub metric: Metric,
    /// The period in seconds.
    pub period: i64,
    /// The name of the statistic.
    pub stat: String,
    /// Only values with this unit count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// Checked queries of one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Queries(Vec<Checked>);

#[derive(Clone, Debug, PartialEq)]
struct Checked {
    id: String,
    source: Source,
}

/// What a query returns.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    Metric {
        metric: Metric,
        period: i64,
        statistic: Statistic,
        unit: Option<Unit>,
    },
    Expression {
        expression: Expression,
        /// The indexes of the queries in it, each once.
        operands: Vec<usize>,
        /// The period of the metrics in it.
        period: i64,
    },
}

/// What follows from the metrics of a query.
#[derive(Clone, Copy)]
struct Resolved {
    /// The period of the metrics: of the first one, if they differ.
    period: i64,
    /// The number of steps to the metrics.
    levels: usize,
}

/// The result of a query.
#[derive(Clone, Debug, Default)]
pub struct QueryResult {
    pub series: Series,
    /// The units of the values of a metric. Only the values with the first unit are in the result.
    pub units: Vec<Unit>,
    /// The number of values in each period of a metric.
    pub sample_counts: Series,
}

/// Most steps from an expression to the metrics in it.
const MAX_DEPTH: usize = 10;

impl Queries {
    /// The one query of a metric with a statistic.
    pub fn of_metric(
        metric: Metric,
        period: i64,
        statistic: Statistic,
        unit: Option<Unit>,
    ) -> Self {
        Self(vec![Checked {
            id: String::new(),
            source: Source::Metric {
                metric: metric.sorted(),
                period,
                statistic,
                unit,
            },
        }])
    }

    /// Checks queries.
    ///
    /// # Errors
    ///
    /// Fails with the index of a query and a description if the query cannot be computed.
    pub fn check(queries: &[MetricDataQuery]) -> Result<Self, (usize, String)> {
        let mut indexes = HashMap::new();
        for (index, query) in queries.iter().enumerate() {
            indexes.entry(query.id.as_str()).or_insert(index);
        }
        let mut checked = Vec::with_capacity(queries.len());
        for (index, query) in queries.iter().enumerate() {
            let fail = |error| (index, error);
            let source = match (&query.metric_stat, &query.expression) {
                (Some(MetricStat { metric, .. }), _)
                    if metric.namespace.is_empty() || metric.name.is_empty() =>
                {
                    return Err(fail("needs Namespace and MetricName".to_owned()));
                }
                (Some(stat), None) => Source::Metric {
                    metric: stat.metric.clone().sorted(),
                    period: stat.period,
                    statistic: Statistic::parse(&stat.stat).map_err(fail)?,
                    unit: stat.unit,
                },
                (None, Some(expression)) => {
                    let expression = Expression::parse(expression).map_err(fail)?;
                    let mut operands = Vec::new();
                    for id in expression.ids() {
                        let operand = indexes.get(id).copied();
                        let operand =
                            operand.ok_or_else(|| fail(format!("has the unknown id {id}")))?;
                        if !operands.contains(&operand) {
                            operands.push(operand);
                        }
                    }
                    Source::Expression {
                        expression,
                        operands,
                        period: 0,
                    }
                }
                _ => return Err(fail("needs either MetricStat or Expression".to_owned())),
            };
            let id = query.id.clone();
            checked.push(Checked { id, source });
        }
        let mut queries = Self(checked);
        let mut known = vec![None; queries.0.len()];
        for index in 0..queries.0.len() {
            let resolved = queries.resolve(index, 0, &mut known);
            let of_metrics = resolved.map_err(|error| (index, error))?.period;
            if let Source::Expression { period, .. } = &mut queries.0[index].source {
                *period = of_metrics;
            }
        }
        Ok(queries)
    }

    /// The period of the result of a query in seconds.
    pub fn period_of(&self, index: usize) -> i64 {
        match self.0.get(index).map(|query| &query.source) {
            Some(Source::Metric { period, .. } | Source::Expression { period, .. }) => *period,
            None => 60,
        }
    }

    /// The metrics of the queries.
    pub fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.0.iter().filter_map(|query| match &query.source {
            Source::Metric { metric, .. } => Some(metric),
            Source::Expression { .. } => None,
        })
    }

    /// The least number of seconds that is a multiple of the periods of all metrics. `None` if it is too large.
    pub fn common_period(&self) -> Option<i64> {
        let mut common: i64 = 60;
        for query in &self.0 {
            if let Source::Metric { period, .. } = query.source {
                common = (common / gcd(common, period)).checked_mul(period)?;
            }
        }
        Some(common)
    }

    /// Whether a query is an expression. An expression can have values in all periods, also where there are no data.
    pub fn is_expression(&self, index: usize) -> bool {
        let source = self.0.get(index).map(|query| &query.source);
        matches!(source, Some(Source::Expression { .. }))
    }

    /// Finds the metrics of a query. Each query is visited once, because expressions can have many paths to a metric.
    fn resolve(
        &self,
        index: usize,
        depth: usize,
        known: &mut [Option<Resolved>],
    ) -> Result<Resolved, String> {
        if let Some(resolved) = known[index] {
            return Ok(resolved);
        }
        let resolved = match &self.0[index].source {
            Source::Metric { period, .. } => Resolved {
                period: *period,
                levels: 0,
            },
            Source::Expression { operands, .. } => {
                let too_deep = || "refers to itself, or has more than 10 levels".to_owned();
                if depth == MAX_DEPTH {
                    return Err(too_deep());
                }
                let (mut period, mut levels) = (None, 0);
                for operand in operands {
                    let resolved = self.resolve(*operand, depth + 1, known)?;
                    period.get_or_insert(resolved.period);
                    levels = levels.max(resolved.levels + 1);
                }
                if levels > MAX_DEPTH {
                    return Err(too_deep());
                }
                let period = period.ok_or_else(|| "has no metric".to_owned())?;
                Resolved { period, levels }
            }
        };
        known[index] = Some(resolved);
        Ok(resolved)
    }

    /// Computes a query for the periods from `start` to before `end`, in seconds.
    pub fn compute(
        &self,
        index: usize,
        read: &ReadPoints<'_>,
        start: i64,
        end: i64,
    ) -> QueryResult {
        match self.0.get(index).map(|query| &query.source) {
            Some(Source::Metric {
                metric,
                period,
                statistic,
                unit,
            }) => {
                let query = Query {
                    unit: *unit,
                    period: *period,
                    start,
                    end,
                };
                of_points(&read(metric, query), *statistic)
            }
            Some(Source::Expression { .. }) => {
                let mut known = HashMap::new();
                self.compute_once(index, read, (start, end), &mut known);
                QueryResult {
                    series: known.remove(&index).unwrap_or_default(),
                    ..QueryResult::default()
                }
            }
            None => QueryResult::default(),
        }
    }

    /// Adds the series of a query and of all queries in it to the known series. Operands are computed before their expression
    /// is evaluated, so that the stack never has the levels of several expressions.
    fn compute_once(
        &self,
        index: usize,
        read: &ReadPoints<'_>,
        (start, end): (i64, i64),
        known: &mut HashMap<usize, Series>,
    ) {
        if known.contains_key(&index) {
            return;
        }
        let series = match &self.0[index].source {
            Source::Metric { .. } => self.compute(index, read, start, end).series,
            Source::Expression {
                expression,
                operands,
                period,
            } => {
                for operand in operands {
                    self.compute_once(*operand, read, (start, end), known);
                }
                let series = |id: &str| {
                    let mut operands = operands.iter();
                    let operand = operands.find(|operand| self.0[**operand].id == id);
                    let series = operand.and_then(|operand| known.get(operand));
                    series.cloned().unwrap_or_default()
                };
                let period = usize::try_from(*period).unwrap_or(60);
                let periods: Vec<i64> = (start..end).step_by(period.max(1)).collect();
                expression.evaluate(&series, &periods)
            }
        };
        known.insert(index, series);
    }
}

/// The greatest common divisor of positive numbers.
fn gcd(one: i64, two: i64) -> i64 {
    match two {
        0 => one,
        _ => gcd(two, one % two),
    }
}

/// The statistic of points. If they have several units, only those with the first unit by name count, as on AWS.
fn of_points(points: &[Point], statistic: Statistic) -> QueryResult {
    let mut units: Vec<_> = points.iter().map(|point| point.unit).collect();
    units.sort();
    units.dedup();
    let of_unit = points
        .iter()
        .filter(|point| units.first() == Some(&point.unit));
    let series = of_unit.clone();
    let series = series.filter_map(|point| Some((point.start, statistic.of(&point.values)?)));
    let sample_counts = of_unit.map(|point| (point.start, point.values.count));
    QueryResult {
        series: series.collect(),
        sample_counts: sample_counts.collect(),
        units,
    }
}

#[cfg(test)]
mod tests;
