//! Small projects written into a temporary folder, and what is found in them as text that tests can compare.

use std::{fmt::Write as _, fs};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_model::{
    address::Ecosystem,
    finding::{Finding, Severity},
    settings::Value,
};

use super::{DiscoverError, Discovery, Package, Publishable, WorkspaceRef, discover};

/// A project in a temporary folder.
pub(crate) struct Fixture {
    _folder: tempfile::TempDir,
    pub(crate) root: Utf8PathBuf,
}

impl Fixture {
    /// Writes files, each as path and text.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(folder.path().canonicalize().unwrap()).unwrap();
        let fixture = Self {
            _folder: folder,
            root,
        };
        for (path, text) in files {
            fixture.write(path, text);
        }
        fixture
    }

    /// Writes one more file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(Utf8Path::new("."))).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Discovers one workspace at the root.
    pub(crate) fn found(&self, ecosystem: &str) -> Discovery {
        self.discover(&[workspace(ecosystem, ".", &[])]).unwrap()
    }

    /// Discovers workspaces.
    pub(crate) fn discover(&self, workspaces: &[WorkspaceRef]) -> Result<Discovery, DiscoverError> {
        discover(&self.root, workspaces)
    }
}

/// A workspace of the spec.
pub(crate) fn workspace(ecosystem: &str, path: &str, exclude: &[&str]) -> WorkspaceRef {
    WorkspaceRef {
        ecosystem: Ecosystem::new(ecosystem).unwrap(),
        path: path.to_owned(),
        exclude: exclude.iter().map(|text| (*text).to_owned()).collect(),
    }
}

/// One line for each package, setting, edge and finding.
pub(crate) fn show(found: &Discovery) -> String {
    let mut text = String::new();
    for package in &found.packages {
        show_package(package, &mut text);
    }
    for finding in &found.findings {
        show_finding(finding, "", &mut text);
    }
    text
}

fn show_package(package: &Package, into: &mut String) {
    let version = package.version.as_ref().map_or("?", |text| text.as_str());
    write!(into, "{} {version} in {}", package.id.name, package.path).unwrap();
    match &package.publishable {
        Publishable::Anywhere => {}
        Publishable::Nowhere => into.push_str(", nowhere"),
        Publishable::Only(registries) => write!(into, ", only {}", registries.join(" ")).unwrap(),
    }
    into.push('\n');
    for (name, value) in &package.settings.0 {
        if let Value::Text(value) = value {
            writeln!(into, "  {name}={value}").unwrap();
        }
    }
    for dependency in &package.dependencies {
        let kind = format!("{:?}", dependency.kind).to_lowercase();
        let on = &dependency.on.name;
        writeln!(into, "  {kind} {on} {}", dependency.requirement).unwrap();
    }
    for finding in &package.findings {
        show_finding(finding, "  ", into);
    }
}

fn show_finding(finding: &Finding, indent: &str, into: &mut String) {
    let mark = match finding.severity {
        Severity::Note => '.',
        Severity::Warning => '!',
        Severity::Error => 'E',
    };
    writeln!(into, "{indent}{mark} {}: {}", finding.code, finding.message).unwrap();
}

/// Compares what is found with lines that may be indented as a whole.
#[track_caller]
pub(crate) fn check(found: &Discovery, expected: &str) {
    let lines: Vec<&str> = expected
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let indent = lines
        .iter()
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let expected: Vec<&str> = lines.iter().map(|line| &line[indent..]).collect();
    let shown = show(found);
    let shown: Vec<&str> = shown.lines().map(str::trim_end).collect();
    assert_eq!(shown, expected, "\nfound:\n{}\n", shown.join("\n"));
}
