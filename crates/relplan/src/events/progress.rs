//! Events on a terminal: one live line with what is under way, and a line for each step that ended.
//!
//! In CI and in pipes nothing is drawn; there, each ended step is one plain line.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use relplan_model::{
    address::TargetName, event::Event, journal::How, port::EventSink, step::StepId,
};

use crate::{
    terminal::Terminal,
    view::style::{Role, harmless, size, span},
};

/// Shows events to a person.
pub struct Progress {
    terminal: Terminal,
    bar: Option<ProgressBar>,
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    done: u64,
    total: u64,
    steps: BTreeMap<StepId, String>,
}

impl Progress {
    /// Shows events on this terminal.
    pub fn new(terminal: Terminal) -> Self {
        let bar = terminal.live.then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            terminal,
            bar,
            under_way: Mutex::default(),
        }
    }

    fn line(&self, role: Role, mark: &str, text: &str) {
        let line = format!(
            "  {} {}",
            self.terminal.err.paint(role, mark),
            harmless(text)
        );
        match &self.bar {
            Some(bar) => bar.println(self.terminal.fit_err(&line)),
            None => self.terminal.remark(&line),
        }
    }

    fn message(&self, text: String) {
        if let Some(bar) = &self.bar {
            bar.set_message(harmless(&text));
        }
    }

    fn refresh(&self, change: impl FnOnce(&mut UnderWay)) {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut under_way);
        let mut text = format!("{} of {} steps", under_way.done, under_way.total);
        if let Some((step, what)) = under_way.steps.first_key_value() {
            text.push_str(&format!(" · {step}{what}"));
            if under_way.steps.len() > 1 {
                text.push_str(&format!(" and {} more", under_way.steps.len() - 1));
            }
        }
        drop(under_way);
        self.message(text);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl EventSink for Progress {
    fn emit(&self, event: Event) {
        match event {
            Event::Pack {
                package,
                done: false,
            } => self.message(format!("packing {package}")),
            Event::Pack {
                package,
                done: true,
            } => self.line(Role::Good, "packed", &package),
            Event::Observing { done, total } => {
                self.message(format!("asking registries: {done} of {total}"))
            }
            Event::Claimed { done, total, .. } => {
                self.refresh(|now| (now.done, now.total) = (done, total))
            }
            Event::RunnersAwaited {
                targets,
                begun,
                seconds,
            } => {
                let names: Vec<&str> = targets.iter().map(TargetName::as_str).collect();
                let what = if begun {
                    "steps of"
                } else {
                    "the runs to begin of"
                };
                let hint = if begun {
                    ""
                } else {
                    "; begin them now, or stop this one and run them first"
                };
                let text = format!(
                    "for {what} {} (at most {} of silence{hint})",
                    names.join(", "),
                    span(seconds)
                );
                self.line(Role::Heading, "waiting", &text);
            }
            Event::StepStarted { step, .. } => self.refresh(|now| {
                now.steps.insert(step, String::new());
            }),
            Event::StepProgress { step, sent, total } => self.refresh(|now| {
                now.steps
                    .insert(step, format!(" {} of {}", size(sent), size(total)));
            }),
            Event::StepWaiting {
                step,
                reason,
                seconds,
            } => self.refresh(|now| {
                now.steps
                    .insert(step, format!(": waits up to {seconds} s, {reason}"));
            }),
            Event::StepUnknown { step, reason, .. } => {
                self.line(
                    Role::Bad,
                    "unknown",
                    &format!("{step}: {reason}; asking the registry"),
                );
            }
            Event::StepDone { step, how } => {
                self.refresh(|now| {
                    now.steps.remove(&step);
                    now.done += 1;
                });
                let how = match how {
                    How::Done => "",
                    How::FoundDone => " (was there already)",
                    How::FoundAfterUnknown => {
                        " (the registry has it, although its answer was lost or false)"
                    }
                };
                self.line(Role::Good, "done", &format!("{step}{how}"));
            }
            Event::StepFailed { step, reason, .. } => {
                self.refresh(|now| {
                    now.steps.remove(&step);
                });
                self.line(Role::Bad, "failed", &format!("{step}: {reason}"));
            }
            // The report at the end tells these.
            Event::StepSkipped { .. } | Event::Summary { .. } | Event::Diagnostic(_) => {}
            Event::Version { .. } | Event::Planned { .. } | Event::Approval { .. } => {}
        }
    }
}
