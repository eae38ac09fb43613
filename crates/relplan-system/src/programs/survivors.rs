//! What foreign code leaves behind: processes that outlive the program that was run.
//!
//! Why: code of the repository runs while packing, and may start a process that stays. Beside what relplan starts
//! afterwards, that process could read the environment and the memory of a program that holds a credential, since both
//! are the same user's.
//!
//! On Linux this process becomes the parent of whatever its descendants leave behind, in sessions of their own as well, and
//! ends all of it. Other systems have no such thing: there nothing is ended. Nor can anybody end what another service was
//! asked to start (a container, a timer).

use std::io;

/// Processes that were left behind and could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum SurvivorError {
    /// They are still there.
    #[error("these processes were left behind and cannot be ended: {}", .0.join(", "))]
    Left(Vec<String>),
    /// The system does not tell which there are.
    #[error("processes may have been left behind, and the system does not say which")]
    Unseen(#[source] io::Error),
}

/// The time in which foreign code runs. At its end, nothing of it does.
#[derive(Debug)]
pub struct ForeignCode {
    #[cfg(target_os = "linux")]
    brood: linux::Brood,
}

impl ForeignCode {
    /// From now on, what is left behind becomes ours.
    #[must_use]
    pub fn begin() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            brood: linux::Brood::adopt(),
        }
    }

    /// Ends whatever was started since and still runs. Programs that were started by name must have been waited for.
    ///
    /// # Errors
    /// When something cannot be ended.
    pub fn end(self) -> Result<(), SurvivorError> {
        #[cfg(target_os = "linux")]
        self.brood.end()?;
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        collections::{BTreeMap, BTreeSet},
        fs, io, thread,
        time::{Duration, Instant},
    };

    use rustix::{
        io::Errno,
        process::{
            Pid, Signal, WaitId, WaitIdOptions, WaitOptions, getpid, kill_process,
            set_child_subreaper, waitid, waitpid,
        },
    };

    use super::SurvivorError;

    /// How long to go on ending what goes on starting more.
    const PATIENCE: Duration = Duration::from_secs(10);
    const PAUSE: Duration = Duration::from_millis(2);

    /// The children that are none of the foreign code's.
    #[derive(Debug)]
    pub(super) struct Brood {
        own: BTreeSet<i32>,
    }

    struct Process {
        parent: i32,
        name: String,
    }

    impl Brood {
        pub(super) fn adopt() -> Self {
            // Where it is not allowed, what is left behind in a session of its own is not found.
            let _ = set_child_subreaper(Some(getpid()));
            let me = getpid().as_raw_nonzero().get();
            let all = processes().unwrap_or_default();
            let children = all.iter().filter(|(_, process)| process.parent == me);
            Self {
                own: children.map(|(pid, _)| *pid).collect(),
            }
        }

        pub(super) fn end(self) -> Result<(), SurvivorError> {
            let begin = Instant::now();
            loop {
                // The system's own word: whoever has no child has no descendant.
                if has_no_child() {
                    return Ok(());
                }
                let all = processes().map_err(SurvivorError::Unseen)?;
                let left = self.descendants(&all);
                if left.is_empty() && !self.own.is_empty() {
                    return Ok(());
                }
                if begin.elapsed() > PATIENCE {
                    let named = |pid: &i32| {
                        let name = all.get(pid).map_or("", |process| process.name.as_str());
                        format!("{name} ({pid})")
                    };
                    return Err(SurvivorError::Left(left.iter().map(named).collect()));
                }
                for pid in left.into_iter().filter_map(Pid::from_raw) {
                    let _ = kill_process(pid, Signal::KILL);
                    // Whose parent it is not is told so, and nothing happens.
                    let _ = waitpid(Some(pid), WaitOptions::NOHANG);
                }
                thread::sleep(PAUSE);
            }
        }

        /// All that descend from this process by a child that is not its own.
        fn descendants(&self, all: &BTreeMap<i32, Process>) -> BTreeSet<i32> {
            let mut found = BTreeSet::new();
            let mut parents = vec![getpid().as_raw_nonzero().get()];
            while let Some(parent) = parents.pop() {
                for (pid, process) in all {
                    if process.parent == parent && !self.own.contains(pid) && found.insert(*pid) {
                        parents.push(*pid);
                    }
                }
            }
            found
        }
    }

    fn has_no_child() -> bool {
        let how = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::All, how).is_err_and(|error| error == Errno::CHILD)
    }

    /// Each process by its number.
    fn processes() -> io::Result<BTreeMap<i32, Process>> {
        let mut all = BTreeMap::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // It may have ended meanwhile.
            let Ok(stat) = fs::read(format!("/proc/{pid}/stat")) else {
                continue;
            };
            let stat = String::from_utf8_lossy(&stat);
            // `PID (name) state parent …`, where the name may hold anything.
            let Some((before, after)) = stat.rsplit_once(')') else {
                continue;
            };
            let parent = after.split_whitespace().nth(1);
            let Some(parent) = parent.and_then(|parent| parent.parse().ok()) else {
                continue;
            };
            let name = before.split_once('(').map_or("", |(_, name)| name);
            let name = name.chars().take(16).collect();
            all.insert(pid, Process { parent, name });
        }
        Ok(all)
    }
}
