//! The spec's `exclude`: folders that are not looked at, whatever the manifests say.

use super::{
    Folder,
    pattern::{Pattern, PatternError},
};

/// The patterns of one workspace, with a note of which of them had an effect.
pub(crate) struct Exclude {
    patterns: Vec<Entry>,
}

struct Entry {
    text: String,
    alternatives: Vec<Pattern>,
    used: bool,
}

impl Exclude {
    /// Reads patterns that are relative to the workspace's folder.
    pub(crate) fn parse(folder: &Folder, texts: &[String]) -> Result<Self, PatternError> {
        let patterns = texts
            .iter()
            .map(|text| {
                Ok(Entry {
                    text: text.clone(),
                    alternatives: Pattern::parse(folder, text)?,
                    used: false,
                })
            })
            .collect::<Result<_, PatternError>>()?;
        Ok(Self { patterns })
    }

    /// Whether a folder, or one that it is in, is left out.
    pub(crate) fn covers(&mut self, folder: &Folder) -> bool {
        let mut covered = false;
        for entry in &mut self.patterns {
            let hit = entry
                .alternatives
                .iter()
                .any(|pattern| pattern.covers(folder));
            entry.used |= hit;
            covered |= hit;
        }
        covered
    }

    /// The patterns that have left nothing out so far.
    pub(crate) fn idle(&self) -> impl Iterator<Item = &str> {
        self.patterns
            .iter()
            .filter(|entry| !entry.used)
            .map(|entry| entry.text.as_str())
    }
}
