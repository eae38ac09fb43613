//! The spec's `exclude`: folders that are not looked at, whatever the manifests say.

use super::{
    Folder,
    forest::Forest,
    pattern::{Pattern, PatternError},
};

/// The patterns of one workspace, with a note of which of them had an effect.
pub(crate) struct Exclude {
    patterns: Forest,
    entries: Vec<Entry>,
}

struct Entry {
    text: String,
    used: bool,
}

impl Exclude {
    /// Reads patterns that are relative to the workspace's folder.
    pub(crate) fn parse(folder: &Folder, texts: &[String]) -> Result<Self, PatternError> {
        let mut patterns = Vec::new();
        let mut entries = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let alternatives = Pattern::parse(folder, text)?;
            patterns.extend(alternatives.into_iter().map(|pattern| (number, pattern)));
            entries.push(Entry {
                text: text.clone(),
                used: false,
            });
        }
        let numbered = patterns.iter().map(|(number, pattern)| (*number, pattern));
        Ok(Self {
            patterns: Forest::of(numbered),
            entries,
        })
    }

    /// Whether a folder, or one that it is in, is left out.
    pub(crate) fn covers(&mut self, folder: &Folder) -> bool {
        let Self { patterns, entries } = self;
        let mut covered = false;
        patterns.covering(folder, |number| {
            covered = true;
            if let Some(entry) = entries.get_mut(number) {
                entry.used = true;
            }
        });
        covered
    }

    /// The patterns that have left nothing out so far.
    pub(crate) fn idle(&self) -> impl Iterator<Item = &str> {
        self.entries
            .iter()
            .filter(|entry| !entry.used)
            .map(|entry| entry.text.as_str())
    }
}
