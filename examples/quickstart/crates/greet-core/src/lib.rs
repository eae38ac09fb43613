//! Makes greetings.

/// A greeting for `name`.
#[must_use]
pub fn greeting(name: &str) -> String {
    format!("Hello, {name}!")
}
