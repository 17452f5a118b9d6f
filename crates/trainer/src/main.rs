//! `rapport`: data in, models out.
fn main() {}
