//! Catalogs: versions that a workspace keeps in one place and its packages name as `catalog:` (pnpm documentation:
//! Catalogs; Yarn documentation: Catalogs). They are replaced when a package is packed.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{manifest::Manifest, yaml::Yaml};

/// The name of the catalog that `catalog:` alone means.
const DEFAULT: &str = "default";

/// Catalog to package to requirement.
#[derive(Debug, Default)]
pub(super) struct Catalogs(BTreeMap<String, BTreeMap<String, String>>);

impl Catalogs {
    /// Adds what a `pnpm-workspace.yaml` or `.yarnrc.yml` says.
    pub(super) fn add_yaml(&mut self, file: &Yaml) {
        let entries = |catalog: &Yaml| -> Vec<(String, String)> {
            catalog
                .entries()
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.text()?.to_owned())))
                .collect()
        };
        if let Some(catalog) = file.get("catalog") {
            self.add(DEFAULT, entries(catalog));
        }
        for (name, catalog) in file.get("catalogs").map_or(&[][..], Yaml::entries) {
            self.add(name, entries(catalog));
        }
    }

    /// Adds what a root `package.json` says, beside `workspaces` or in its long form.
    pub(super) fn add_manifest(&mut self, manifest: &Manifest) {
        let nested = manifest.object("workspaces");
        let object = |key: &str| {
            let inner = nested.and_then(|nested| nested.get(key)?.as_object());
            inner.or_else(|| manifest.object(key))
        };
        let entries = |catalog: &Map<String, Value>| -> Vec<(String, String)> {
            catalog
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect()
        };
        if let Some(catalog) = object("catalog") {
            self.add(DEFAULT, entries(catalog));
        }
        for (name, catalog) in object("catalogs").into_iter().flatten() {
            if let Some(catalog) = catalog.as_object() {
                self.add(name, entries(catalog));
            }
        }
    }

    /// What a catalog (empty: the default one) says about a package.
    pub(super) fn get(&self, catalog: &str, package: &str) -> Option<&str> {
        let catalog = match catalog.trim() {
            "" => DEFAULT,
            named => named,
        };
        self.0.get(catalog)?.get(package).map(String::as_str)
    }

    fn add(&mut self, name: &str, entries: Vec<(String, String)>) {
        self.0.entry(name.to_owned()).or_default().extend(entries);
    }
}
