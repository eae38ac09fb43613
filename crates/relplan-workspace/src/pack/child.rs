//! Running a packer: its output is passed on line by line, and the end of it is kept for the error.

use std::collections::VecDeque;

use relplan_system::programs::Call;

use super::{PackError, workshop::Workshop};

/// How many lines an error shows at most.
const TAIL: usize = 40;

/// Runs a packer to its end. `package` names in the error what should have been packed.
pub(super) fn run(
    call: Call,
    package: &str,
    shop: &Workshop<'_>,
    say: &dyn Fn(String),
) -> Result<(), PackError> {
    let name = call.in_words();
    let mut tail = VecDeque::new();
    let status = call
        .follow(|line| {
            let line = shop.redact(line);
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line.clone());
            say(line);
        })
        .map_err(PackError::io("run", name.clone()))?;
    if status.success() {
        return Ok(());
    }
    Err(PackError::Packer {
        command: name,
        package: package.to_owned(),
        status: status.to_string(),
        tail: tail.into(),
        left_out: shop.options.environment.left_out(),
    })
}
