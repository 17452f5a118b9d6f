//! Time, as far as a Worker has one.

use std::time::Duration;

use worker::{Date, Delay};

/// Milliseconds since 1970. On Cloudflare the clock stands still while code computes and moves on with I/O.
pub(crate) fn now() -> u64 {
    Date::now().as_millis()
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> i64 {
    (now() / 1000) as i64
}

/// Gives other requests a turn for `milliseconds`.
pub(crate) async fn pause(milliseconds: u64) {
    Delay::from(Duration::from_millis(milliseconds)).await;
}

/// Milliseconds since `start`, after a timer that moves the clock past what was computed meanwhile.
pub(crate) async fn since(start: u64) -> u64 {
    pause(0).await;
    now().saturating_sub(start)
}
