//! `/metrics`.

use crate::hub::{Hub, METRICS_KEY, READ_KEY};

#[tokio::test]
async fn metrics_come_in_the_format_that_prometheus_names() {
    let answer = Hub::new().get("/metrics").await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "# EOF\n"));
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_eq!(Hub::new().get("/metrics?name=x").await.problem().0, 400);
}

#[tokio::test]
async fn a_key_for_reading_or_for_metrics_is_enough_for_metrics_and_none_is_not() {
    let hub = Hub::with_keys();
    assert_eq!(hub.get("/metrics").await.problem().0, 401);
    for key in [READ_KEY, METRICS_KEY] {
        assert_eq!(hub.send("GET", "/metrics", &[("x-functions-key", key)], "").await.status, 200, "{key}");
    }
}
