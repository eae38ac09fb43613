//! What a dependency's requirement means, and what becomes of it when the package is packed (npm documentation:
//! package.json `dependencies`; pnpm documentation: Workspace protocol, Publishing workspace packages; Yarn
//! documentation: Workspace protocol).

/// A requirement as a manifest states it, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Requirement<'a> {
    /// `catalog:` or `catalog:name`: the name of the catalog, empty for the default one.
    Catalog(&'a str),
    /// `workspace:` and what follows it.
    Workspace(&'a str),
    /// `npm:name@range`: another package under this name.
    Alias {
        /// The package.
        name: &'a str,
        /// The range, empty for any.
        range: &'a str,
    },
    /// A path, relative to the package's folder.
    Path(&'a str),
    /// A URL, a git repository or anything else that no registry resolves.
    Elsewhere,
    /// A version range or a dist-tag.
    Registry(&'a str),
}

impl<'a> Requirement<'a> {
    /// Takes a requirement apart.
    pub(super) fn of(text: &'a str) -> Self {
        let text = text.trim();
        // Peer dependencies may have `workspace:` in any of their alternatives.
        if text.contains("workspace:") {
            return Self::Workspace(text.strip_prefix("workspace:").unwrap_or(text));
        }
        if let Some(catalog) = text.strip_prefix("catalog:") {
            return Self::Catalog(catalog.trim());
        }
        if let Some(alias) = text.strip_prefix("npm:") {
            let (name, range) = name_and_range(alias).unwrap_or((alias, ""));
            return Self::Alias { name, range };
        }
        let local = ["link:", "file:", "portal:"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme));
        if let Some(path) = local {
            return Self::Path(path);
        }
        if text.starts_with(['.', '/']) && text.contains('/') {
            return Self::Path(text);
        }
        if text.contains([':', '/']) {
            return Self::Elsewhere;
        }
        Self::Registry(text)
    }
}

/// What follows `workspace:`, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Workspace<'a> {
    /// A path to the member.
    Path(&'a str),
    /// A range of the member, which may have a name of its own.
    Range {
        /// The member's name where it differs from the dependency's.
        name: Option<&'a str>,
        /// `^`, `~`, `*`, nothing, or a range.
        range: &'a str,
    },
}

impl<'a> Workspace<'a> {
    /// Takes apart what follows `workspace:`.
    pub(super) fn of(text: &'a str) -> Self {
        let text = text.trim();
        if let Some((name, range)) = name_and_range(text) {
            return Self::Range {
                name: Some(name),
                range,
            };
        }
        if text.contains('/') {
            return Self::Path(text);
        }
        Self::Range {
            name: None,
            range: text,
        }
    }
}

/// The range that a packed manifest has in place of `workspace:` and a member's version.
///
/// `peer` widens what counts as "the member's own version": pnpm takes comparators without a version there.
pub(super) fn published_range(range: &str, version: &str, peer: bool) -> String {
    match range {
        "" | "*" => version.to_owned(),
        "^" | "~" => format!("{range}{version}"),
        ">=" | ">" | "<=" | "<" if peer => format!("{range}{version}"),
        stated => stated.to_owned(),
    }
}

/// Splits `name@range` at the `@` that is not the one of a scope.
fn name_and_range(text: &str) -> Option<(&str, &str)> {
    let at = text.rfind('@').filter(|at| *at > 0)?;
    let (name, range) = text.split_at_checked(at)?;
    Some((name, range.strip_prefix('@')?))
}
