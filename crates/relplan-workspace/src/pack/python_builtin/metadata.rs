//! Core metadata (Python packaging specification "core metadata", version 2.4), as `METADATA` and `PKG-INFO` hold it.
//!
//! Invariant: every value fits on its line; `project` has seen to that. Only the licence's text, as old manifests give
//! it, may have several, which are indented as the specification of version 2.1 says.

use super::project::{Person, Project};

/// Writes a project's metadata.
pub(super) fn write(project: &Project) -> String {
    let Project {
        name,
        version,
        description,
        readme,
        requires_python,
        license_expression,
        license_text,
        license_files,
        authors,
        maintainers,
        keywords,
        classifiers,
        urls,
        dependencies,
        extras,
        entry_points: _,
    } = project;
    let mut out = Headers(String::new());
    out.add("Metadata-Version", "2.4");
    out.add("Name", name);
    out.add("Version", version);
    out.some("Summary", description.as_deref());
    if !keywords.is_empty() {
        out.add("Keywords", &keywords.join(","));
    }
    out.people("Author", authors);
    out.people("Maintainer", maintainers);
    out.some("License-Expression", license_expression.as_deref());
    if let Some(text) = license_text {
        out.add(
            "License",
            &text
                .trim_end()
                .replace("\r\n", "\n")
                .replace('\r', "\n")
                .replace('\n', "\n        "),
        );
    }
    license_files
        .iter()
        .for_each(|file| out.add("License-File", file));
    classifiers
        .iter()
        .for_each(|text| out.add("Classifier", text));
    for (label, url) in urls {
        out.add("Project-URL", &format!("{label}, {url}"));
    }
    out.some("Requires-Python", requires_python.as_deref());
    dependencies
        .iter()
        .for_each(|text| out.add("Requires-Dist", text));
    for (extra, requirements) in extras {
        out.add("Provides-Extra", extra);
        for requirement in requirements {
            out.add("Requires-Dist", &for_extra(requirement, extra));
        }
    }
    if let Some(readme) = readme {
        out.add("Description-Content-Type", &readme.content_type);
        out.0.push('\n');
        out.0.push_str(&readme.text);
    }
    out.0
}

struct Headers(String);

impl Headers {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push_str(name);
        self.0.push_str(": ");
        self.0.push_str(value);
        self.0.push('\n');
    }

    fn some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// Those without an address by name; those with one together, as addresses.
    fn people(&mut self, role: &str, people: &[Person]) {
        let names: Vec<_> = people
            .iter()
            .filter(|person| person.email.is_none())
            .filter_map(|person| person.name.clone())
            .collect();
        let addresses: Vec<_> = people
            .iter()
            .filter_map(|person| {
                let email = person.email.as_deref()?;
                Some(match &person.name {
                    Some(name) => format!("{} <{email}>", phrase(name)),
                    None => email.to_owned(),
                })
            })
            .collect();
        if !names.is_empty() {
            self.add(role, &names.join(", "));
        }
        if !addresses.is_empty() {
            self.add(&format!("{role}-email"), &addresses.join(", "));
        }
    }
}

/// A name before an address, in quotes where it holds what means something there (RFC 5322, section 3.2.3).
fn phrase(name: &str) -> String {
    if name.contains([
        '(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '.', '"',
    ]) {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        name.to_owned()
    }
}

/// A requirement that counts with an extra only (dependency specifiers, PEP 508).
fn for_extra(requirement: &str, extra: &str) -> String {
    // In `name @ url ; marker`, the URL may hold a semicolon: there, the marker's stands behind a space.
    let sign = if requirement.contains('@') { " ;" } else { ";" };
    match requirement.split_once(sign) {
        Some((what, marker)) => {
            format!(
                "{} ; ({}) and extra == '{extra}'",
                what.trim_end(),
                marker.trim()
            )
        }
        None => format!("{} ; extra == '{extra}'", requirement.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_of_an_extra_keeps_its_own_marker() {
        for (requirement, written) in [
            ("rich>=13", "rich>=13 ; extra == 'cli'"),
            (
                "rich[x]>=13; os_name == 'nt' or python_version < '3.12'",
                "rich[x]>=13 ; (os_name == 'nt' or python_version < '3.12') and extra == 'cli'",
            ),
            (
                "a @ https://h.example/a;b",
                "a @ https://h.example/a;b ; extra == 'cli'",
            ),
            (
                "a @ https://h.example/a;b ; os_name == 'nt'",
                "a @ https://h.example/a;b ; (os_name == 'nt') and extra == 'cli'",
            ),
        ] {
            assert_eq!(for_extra(requirement, "cli"), written);
        }
    }
}
