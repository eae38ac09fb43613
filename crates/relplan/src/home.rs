//! The user's own folders where they lie in the checkout, as in a container whose home folder is the project.
//!
//! Why it is said: what lies there counts as the project's own files (law L14), so that a person's credentials, programs
//! and memory are not found, and nothing else would tell why.

use relplan_targets::surroundings::Surroundings;

use crate::memory::Memory;

/// What does not count as the user's own here, why, and what to do.
pub fn warning(surroundings: &Surroundings) -> Option<String> {
    let programs = surroundings.programs();
    let roots = programs.roots();
    if let Some(home) = surroundings.home().filter(|home| roots.reach(home)) {
        return Some(format!(
            "the home folder {} lies in the project's checkout, where a pull request can change it: no configuration, \
             credential or program there is used as yours, and nothing there is remembered; put the project into a \
             repository of its own, or set HOME to a folder outside of the checkout",
            home.display()
        ));
    }
    let memory = Memory::named_by(surroundings).filter(|folder| roots.reach(folder))?;
    Some(format!(
        "this machine remembers nothing of the project: {} lies in its checkout, where a pull request can change it; \
         set XDG_STATE_HOME to a folder outside of the checkout",
        memory.display()
    ))
}
