//! `workspace:` ranges become the versions that they stand for, as pnpm and yarn write them when they pack:
//! `workspace:^` of 1.2.3 is `^1.2.3`, `workspace:*` is `1.2.3`, and `workspace:other@^` is `npm:other@^1.2.3`.

use std::collections::BTreeMap;

use relplan_model::address::{PackageId, PackageName, Version};

use super::json_text::members;
use crate::pack::{Job, PackError};

/// Sections of `package.json` that hold dependencies, and whether an installed package needs them resolved.
const SECTIONS: [(&str, bool); 4] = [
    ("dependencies", true),
    ("optionalDependencies", true),
    ("peerDependencies", true),
    ("devDependencies", false),
];

/// Rewrites the ranges in the text of a `package.json`. Nothing else changes.
pub(super) fn rewrite(
    job: &Job,
    text: &str,
    siblings: &BTreeMap<PackageId, Version>,
) -> Result<String, PackError> {
    let version_of = |name: &str| {
        let name = PackageName::new(name).ok()?;
        let ecosystem = job.package.ecosystem.clone();
        siblings.get(&PackageId { ecosystem, name })
    };
    let mut edits = Vec::new();
    for section in members(text, 0..text.len()) {
        let Some((_, needed)) = SECTIONS.iter().find(|(name, _)| *name == section.name) else {
            continue;
        };
        for dependency in members(text, section.value) {
            let range: Option<String> = text
                .get(dependency.value.clone())
                .and_then(|value| serde_json::from_str(value).ok());
            let Some(range) = range else { continue };
            match real_range(&dependency.name, &range, version_of) {
                Ok(None) => {}
                Ok(Some(real)) => edits.push((dependency.value, real)),
                Err(_) if !needed => {}
                Err(why) => {
                    return Err(PackError::Unsupported {
                        package: job.package.clone(),
                        why: format!("it depends on {} as {range:?}: {why}", dependency.name),
                        hint: "let its own package manager pack it, or name a plain version range"
                            .to_owned(),
                    });
                }
            }
        }
    }
    let mut text = text.to_owned();
    // From the end on, so that the places of the others stay.
    for (place, real) in edits.into_iter().rev() {
        text.replace_range(place, &serde_json::Value::String(real).to_string());
    }
    Ok(text)
}

/// The range that a range stands for; `None`: itself.
fn real_range<'v>(
    name: &str,
    range: &str,
    version_of: impl Fn(&str) -> Option<&'v Version>,
) -> Result<Option<String>, &'static str> {
    if range.starts_with("catalog:") {
        return Err("catalogs are read by the package manager that has them");
    }
    let Some(range) = range.strip_prefix("workspace:") else {
        return Ok(None);
    };
    if range.contains('/') && (range.starts_with('.') || range.starts_with('/')) {
        return Err("a folder is no range");
    }
    // `other@^`, `@scope/other@^`: the package has another name than the dependency.
    let (alias, range) = match range.rfind('@') {
        Some(at) if at > 0 => (range.get(..at), range.get(at + 1..).unwrap_or_default()),
        _ => (None, range),
    };
    let real = match range {
        "" | "*" | "^" | "~" => {
            let version = version_of(alias.unwrap_or(name))
                .ok_or("no package of the workspace with a version of its own has that name")?;
            format!("{}{version}", range.trim_start_matches('*'))
        }
        written => written.to_owned(),
    };
    Ok(Some(match alias {
        Some(other) => format!("npm:{other}@{real}"),
        None => real,
    }))
}

#[cfg(test)]
mod tests {
    use relplan_model::address::Ecosystem;

    use super::*;
    use crate::pack::Packer;

    fn rewritten(manifest: &str) -> Result<String, PackError> {
        let id = |ecosystem: &str, name: &str| PackageId {
            ecosystem: Ecosystem::new(ecosystem).unwrap(),
            name: PackageName::new(name).unwrap(),
        };
        let siblings = [
            ("npm", "a", "1.2.3"),
            ("npm", "@s/b", "2.0.0-rc.1"),
            // A1: another ecosystem's package of the same name is another package.
            ("python", "a", "9.9.9"),
            ("cargo", "c", "9.9.9"),
        ]
        .map(|(of, package, version)| (id(of, package), Version::new(version).unwrap()))
        .into();
        let job = Job {
            package: id("npm", "x"),
            version: None,
            root: "/x".into(),
            path: "/x".into(),
            version_from_history: false,
            workspace_root: "/x".into(),
            packer: Packer::NpmBuiltin,
            after: Vec::new(),
            built_with: Vec::new(),
        };
        rewrite(&job, manifest, &siblings)
    }

    #[test]
    fn workspace_ranges_become_versions() {
        for (name, range, real) in [
            ("a", "workspace:^", "^1.2.3"),
            ("a", "workspace:~", "~1.2.3"),
            ("a", "workspace:*", "1.2.3"),
            ("a", "workspace:", "1.2.3"),
            ("a", "workspace:>=1.0.0 <2", ">=1.0.0 <2"),
            ("@s/b", "workspace:^", "^2.0.0-rc.1"),
            ("c", "workspace:a@^", "npm:a@^1.2.3"),
            ("c", "workspace:@s/b@*", "npm:@s/b@2.0.0-rc.1"),
            ("c", "workspace:a@~1.0.0", "npm:a@~1.0.0"),
            ("d", "^4.0.0", "^4.0.0"),
            ("d", "npm:e@1", "npm:e@1"),
        ] {
            let manifest = |range: &str| {
                format!(
                    "{{ \"name\":\"x\",\n\t\"peerDependencies\" : {{\"z\":\"1\", \"{name}\" :\"{range}\"\r\n}} ,\"exports\":{{\"import\":\"b\",\"default\":\"a\"}}}}\n"
                )
            };
            assert_eq!(
                rewritten(&manifest(range)).unwrap(),
                manifest(real),
                "{range}"
            );
        }
    }

    #[test]
    fn a_range_that_nobody_can_resolve_is_refused_where_it_would_be_published() {
        for range in ["workspace:^", "workspace:../c", "catalog:", "catalog:react"] {
            let of = |section: &str| format!("{{\"{section}\":{{\"c\":\"{range}\"}}}}");
            rewritten(&of("dependencies")).expect_err(range);
            rewritten(&of("optionalDependencies")).expect_err(range);
            assert_eq!(
                rewritten(&of("devDependencies")).unwrap(),
                of("devDependencies")
            );
        }
    }

    #[test]
    fn only_dependencies_are_rewritten_whatever_stands_around_them() {
        let text = r#"{"a":{"dependencies":{"a":"workspace:*"}},"x":["}",{"\"":"]"}],"dependencies":{"\u0061":"workspace:*"},"y":"workspace:*"}"#;
        let expected = text.replacen(r#""\u0061":"workspace:*""#, r#""\u0061":"1.2.3""#, 1);
        assert_eq!(rewritten(text).unwrap(), expected);
    }
}
