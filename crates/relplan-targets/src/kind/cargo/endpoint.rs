//! Where a target of the kind `cargo` is: the index, from the spec or as Cargo itself is configured.
//!
//! Why: a plan shows the place in full with where it was configured, and `apply` finds it again in the same way, so that
//! a difference is noticed (design §5).

use relplan_model::{
    address::TargetName,
    finding::{Finding, FindingCode, Severity},
    settings::Settings,
};

use super::{
    configuration::{Configuration, Origin},
    frame::same_index,
};
use crate::surroundings::{SPEC, Surroundings};

/// The name that Cargo has for its own default registry.
pub(crate) const CRATES_IO: &str = "crates-io";

/// The code of findings about endpoints.
pub(crate) const CODE: FindingCode = FindingCode::Endpoint;

/// How many replacements are followed from one source to the next.
const MAX_REPLACEMENTS: usize = 8;

/// An index, and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    /// As Cargo spells it: `sparse+https://…/`, always with a final slash.
    pub(crate) url: String,
    /// Where it was configured.
    pub(crate) source: String,
    /// The name under which the user's Cargo configuration has its credential; nothing where that configuration has the
    /// name for another index.
    pub(crate) registry: Option<String>,
    /// The name of the source that stands in for crates.io: such an index is read, and never published to.
    pub(crate) replaced_by: Option<String>,
    /// Whether only the tree names it and nobody has approved that yet: no credential goes there (law L14).
    pub(crate) unreviewed: bool,
}

impl Index {
    /// The URL that requests go to.
    pub(crate) fn root(&self) -> &str {
        self.url.strip_prefix("sparse+").unwrap_or(&self.url)
    }

    /// Whether this is crates.io itself.
    pub(crate) fn is_crates_io(&self) -> bool {
        same_index(&self.url, tame_index::CRATES_IO_HTTP_INDEX)
    }
}

/// Finds the index of a target.
///
/// # Errors
/// A finding when the settings name a registry that is not configured, or one that is not read over HTTP.
pub(crate) fn resolve(
    target: &TargetName,
    settings: &Settings,
    configuration: &Configuration,
    surroundings: &Surroundings,
) -> Result<Index, Finding> {
    let found = Search {
        target,
        configuration,
        surroundings,
    };
    match (settings.text("url"), settings.text("registry")) {
        (Some(url), registry) => found.given(url, registry),
        (None, Some(CRATES_IO)) => Ok(crates_io()),
        (None, Some(registry)) => found.named(registry),
        (None, None) => found.default(),
    }
}

struct Search<'a> {
    target: &'a TargetName,
    configuration: &'a Configuration,
    surroundings: &'a Surroundings,
}

impl Search<'_> {
    fn given(&self, url: &str, registry: Option<&str>) -> Result<Index, Finding> {
        let with_scheme = match url.starts_with("http://") || url.starts_with("https://") {
            true => format!("sparse+{url}"),
            false => url.to_owned(),
        };
        let url = self.sparse(&with_scheme)?;
        let known = self.name_of(&url);
        if let Some(registry) = registry.filter(|registry| !self.may_be_of(registry, &url)) {
            return Err(self
                .finding(format!(
                    "its `url` is not the index that Cargo's configuration has for its `registry`, {registry:?}"
                ))
                .hint("write only one of them: a registry's token goes to that registry's index"));
        }
        Ok(Index {
            unreviewed: known.is_none() && self.surroundings.is_planning(),
            registry: match registry {
                Some(registry) => self.token_name(registry, &url),
                None => known,
            },
            url,
            source: SPEC.to_owned(),
            replaced_by: None,
        })
    }

    /// Whether the token that the user's configuration keeps for a registry may be meant for this index: it is, unless
    /// that configuration names another one.
    fn may_be_of(&self, registry: &str, url: &str) -> bool {
        self.index_of(registry)
            .is_none_or(|own| same_index(own, url))
    }

    /// The index that a registry has for the user.
    fn index_of(&self, registry: &str) -> Option<&str> {
        match registry {
            CRATES_IO => Some(tame_index::CRATES_IO_HTTP_INDEX),
            _ => self.configuration.own_index(registry),
        }
    }

    /// The name whose token is for an index that was found under this one. A name that the user's configuration has no
    /// index for takes no token to a registry that is known by another.
    fn token_name(&self, registry: &str, url: &str) -> Option<String> {
        let is_own = self.index_of(registry).map(|own| same_index(own, url));
        match (is_own, self.name_of(url)) {
            (Some(false), known) | (None, known @ Some(_)) => known,
            (Some(true) | None, _) => Some(registry.to_owned()),
        }
    }

    fn named(&self, registry: &str) -> Result<Index, Finding> {
        let configured = self.configuration.index(registry);
        if let Some((url, origin @ (Origin::Variable(_) | Origin::Project))) = &configured {
            return self.configured(
                registry,
                url,
                origin.to_string(),
                *origin == Origin::Project,
            );
        }
        if let Some(approved) = self.surroundings.approved(self.target, "index") {
            return self.configured(registry, &approved.url, approved.source.clone(), false);
        }
        match configured {
            Some((url, origin)) => self.configured(registry, &url, origin.to_string(), false),
            None => Err(self
                .finding(format!(
                    "Cargo's configuration has no registry {registry:?}"
                ))
                .hint(format!(
                    "configure `registries.{registry}.index`, or give the target a `url`"
                ))),
        }
    }

    fn configured(
        &self,
        registry: &str,
        url: &str,
        source: String,
        unreviewed: bool,
    ) -> Result<Index, Finding> {
        let url = self.sparse(url)?;
        Ok(Index {
            registry: self.token_name(registry, &url),
            unreviewed: unreviewed && self.name_of(&url).is_none(),
            url,
            source,
            replaced_by: None,
        })
    }

    /// What Cargo takes when nothing is named: its configured default registry, else crates.io or what replaces it.
    fn default(&self) -> Result<Index, Finding> {
        if let Some(approved) = self.surroundings.approved(self.target, "index") {
            let url = self.sparse(&approved.url)?;
            let told = |mark| {
                let (_, name) = approved.source.split_once(mark)?;
                Some(name.trim_end_matches(')').to_owned())
            };
            return Ok(Index {
                registry: match told(DEFAULT) {
                    Some(name) => self.token_name(&name, &url),
                    None => self.name_of(&url),
                },
                url,
                source: approved.source.clone(),
                replaced_by: told(REPLACED),
                unreviewed: false,
            });
        }
        match self.configuration.default_registry() {
            Some((name, _)) if name == CRATES_IO => self.crates_io_or_replacement(),
            Some((name, origin)) => {
                let index = self.named(&name)?;
                // A place that the project's files had a part in is looked up in the plan while applying.
                let (source, unreviewed) = match origin {
                    Origin::Project => (origin.to_string(), self.name_of(&index.url).is_none()),
                    Origin::User | Origin::Variable(_) => (index.source, index.unreviewed),
                };
                Ok(Index {
                    source: format!("{source}{DEFAULT}{name})"),
                    unreviewed,
                    ..index
                })
            }
            None => self.crates_io_or_replacement(),
        }
    }

    fn crates_io_or_replacement(&self) -> Result<Index, Finding> {
        let Some((first, mut origin)) = self.configuration.replacement(CRATES_IO) else {
            return Ok(crates_io());
        };
        let mut name = first;
        for _ in 0..MAX_REPLACEMENTS {
            let Some((next, its_origin)) = self.configuration.replacement(&name) else {
                return self.replacing(name, origin);
            };
            name = next;
            origin = origin.and_then(its_origin);
        }
        Err(self.finding(
            "the sources in Cargo's configuration replace one another in a circle".to_owned(),
        ))
    }

    /// The index of the source that a chain of replacements ends at.
    fn replacing(&self, name: String, chain: Origin) -> Result<Index, Finding> {
        let Some((url, its_origin)) = self.configuration.source_registry(&name) else {
            return Err(self
                .finding(format!(
                    "{chain} replaces crates-io by {name:?}, which is not a registry that can be asked"
                ))
                .hint("name the registry: `registry=\"crates-io\"` or `url=…` at the target"));
        };
        let url = self.sparse(&url)?;
        let origin = chain.and_then(its_origin);
        let registry = self.name_of(&url);
        Ok(Index {
            unreviewed: origin == Origin::Project && registry.is_none(),
            registry,
            url,
            source: format!("{origin}{REPLACED}{name})"),
            replaced_by: Some(name),
        })
    }

    fn name_of(&self, url: &str) -> Option<String> {
        if same_index(url, tame_index::CRATES_IO_HTTP_INDEX) {
            return Some(CRATES_IO.to_owned());
        }
        self.configuration.name_of(|index| same_index(index, url))
    }

    /// Checks that an index is a sparse one over HTTP, and gives it its final slash.
    fn sparse(&self, index: &str) -> Result<String, Finding> {
        let Some(plain) = index.strip_prefix("sparse+") else {
            return Err(self
                .finding(format!(
                    "the index {:?} is a git repository; relplan speaks to sparse indexes only",
                    shown(index)
                ))
                .hint("use the registry's sparse index: `sparse+https://…/`"));
        };
        let parsed = url::Url::parse(plain);
        let usable = parsed.as_ref().is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        if !usable {
            return Err(self.finding(format!(
                "{:?} is not the URL of a sparse index",
                shown(index)
            )));
        }
        if parsed.is_ok_and(|url| !url.username().is_empty() || url.password().is_some()) {
            return Err(self
                .finding("the URL of the index holds a user name or password".to_owned())
                .hint("take it out of the URL and configure a token"));
        }
        Ok(match index.ends_with('/') {
            true => index.to_owned(),
            false => format!("{index}/"),
        })
    }

    fn finding(&self, what: String) -> Finding {
        let message = format!("the place of target {} is not clear: {what}", self.target);
        Finding::new(CODE, Severity::Error, None, message)
    }
}

/// Stands between where a replacement is configured and its name.
const REPLACED: &str = " (crates-io replaced by ";

/// Stands between where a default registry's index is configured and its name.
const DEFAULT: &str = " (registry.default ";

fn crates_io() -> Index {
    Index {
        url: tame_index::CRATES_IO_HTTP_INDEX.to_owned(),
        source: "Cargo's own default".to_owned(),
        registry: Some(CRATES_IO.to_owned()),
        replaced_by: None,
        unreviewed: false,
    }
}

/// A URL without what may be a secret in it, for messages.
fn shown(url: &str) -> String {
    match url.split_once("://").zip(url.rsplit_once('@')) {
        Some(((scheme, _), (_, rest))) => format!("{scheme}://{rest}"),
        None => url.to_owned(),
    }
}
