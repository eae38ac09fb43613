//! Versions that Hatchling finds in a file (Hatch documentation: Versioning, Configuration, the `regex` source).
//!
//! Why: such a version is written down statically, so a plan can be made without building the package.

use toml_edit::Item;

use super::project::Project;
use crate::discover::Tree;

/// The version in the file that `[tool.hatch.version]` names; `None` where it is found in another way, with a pattern of
/// the project's own, or is not in that file.
pub(super) fn version(tree: &Tree, project: &Project) -> Option<String> {
    let setting = |key: &str| project.toml.item(&["tool", "hatch", "version", key]);
    let source = setting("source").map_or(Some("regex"), Item::as_str);
    let backend = project.toml.item(&["build-system", "build-backend"]);
    let is_hatchling = backend.and_then(Item::as_str)?.starts_with("hatchling.");
    let usual = setting("pattern").is_none_or(|pattern| pattern.as_bool() == Some(true));
    if !is_hatchling || !usual || source != Some("regex") {
        return None;
    }
    let path = setting("path")?.as_str()?;
    let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
    let file = project.folder.join(folder)?.child(name)?;
    let text = tree.read(file.as_path()).ok()?;
    text.lines().find_map(stated).map(str::to_owned)
}

/// The version of a line such as `__version__ = "1.2.3"`, by Hatch's own default pattern.
fn stated(line: &str) -> Option<&str> {
    let rest = ["__version__", "version"].iter().find_map(|name| {
        let (head, rest) = line.split_at_checked(name.len())?;
        head.eq_ignore_ascii_case(name).then_some(rest)
    })?;
    let annotated = rest.trim_start().strip_prefix(':');
    let annotated = annotated.and_then(|rest| rest.trim_start().strip_prefix("str"));
    let rest = annotated.unwrap_or(rest).trim_start_matches(' ');
    let rest = rest.strip_prefix('=')?.trim_start_matches(' ');
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let text = rest.get(1..)?;
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let (version, _) = text.split_once(quote)?;
    (!version.is_empty()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::fixture::{Fixture, check};

    #[test]
    fn a_line_states_a_version_as_hatch_reads_it() {
        for (line, expected) in [
            ("__version__ = \"1.2.3\"", Some("1.2.3")),
            ("VERSION = 'v1.2'  # now", Some("1.2")),
            ("__version__: str = '1'", Some("1")),
            ("version='1'", Some("1")),
            ("  __version__ = '1'", None),
            ("__version_info__ = '1'", None),
            ("__version__ = f(1)", None),
            ("__version__ = ''", None),
        ] {
            assert_eq!(stated(line), expected, "{line}");
        }
    }

    fn project(settings: &str) -> Fixture {
        let manifest = format!(
            "[build-system]\nrequires = []\nbuild-backend = \"hatchling.build\"\n[project]\nname = \"a\"\ndynamic = [\"version\"]\n[tool.hatch.version]\n{settings}\n"
        );
        Fixture::new(&[
            ("pyproject.toml", &manifest),
            (
                "src/a/__about__.py",
                "# A package.\n__version__ = \"1.27.0\"\n",
            ),
        ])
    }

    #[test]
    fn a_version_in_a_file_is_known_without_a_build_and_one_of_the_repository_is_not() {
        for (settings, version) in [
            ("path = \"src/a/__about__.py\"", "1.27.0"),
            ("source = \"vcs\"", "?"),
            ("path = \"src/a/__about__.py\"\npattern = \"x\"", "?"),
            ("path = \"../outside.py\"", "?"),
            ("path = \"src/a/missing.py\"", "?"),
        ] {
            check(
                &project(settings).found("python"),
                &format!("a {version} in ."),
            );
        }
    }
}
