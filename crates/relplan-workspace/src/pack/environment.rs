//! The environment that packers run in: the variables that packers are known to need, by name, without what may be a
//! credential (law L14).
//!
//! Two gates stand one behind the other. A variable is handed on if its name stands in [`TOOLS`], or a person names it in
//! [`PACK_ENV`]; and never if its name looks like a credential's, or is one that a registry's client is known to read a
//! credential from. Besides:
//! - what may be a credential inside of a URL is cut out of any variable: user and password, the query, and the part of a
//!   path that conda takes for a token (`/t/TOKEN/`); of a proxy, what stands before its `@`, with a scheme or without;
//! - npm's user configuration: `NPM_CONFIG_USERCONFIG` names a copy without tokens, passwords, keys and user names, and
//!   so does `NPM_CONFIG_GLOBALCONFIG` where the caller's environment names such a file.
//!
//! What is **not** hidden, since a packer needs its user's home (caches, toolchains, registry configuration) and runs as
//! the same user: files. `~/.cargo/credentials.toml`, `~/.npmrc` itself, `~/.yarnrc.yml`, `~/.pypirc`, `~/.netrc`, key
//! rings and agents' sockets can still be read by code that goes looking for them. Whoever packs code that they do not
//! trust packs it where no credential lies: in a job of its own, that only hands on the bundle.

use std::{
    ffi::{OsStr, OsString},
    fmt,
};

use relplan_system::programs::variables::{NETWORK, PLAIN, is_listed, names};

/// The environment's variables that packing starts from. Its `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub struct Environment(pub Vec<(OsString, OsString)>);

impl Default for Environment {
    fn default() -> Self {
        Self(std::env::vars_os().collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

impl Environment {
    /// A variable's value, the case of its name counting.
    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0
            .iter()
            .find(|(held, _)| held == name)
            .map(|(_, value)| value.as_os_str())
    }

    /// What a person names to be handed on besides.
    pub(super) fn named(&self) -> Vec<String> {
        names(self.get(PACK_ENV).and_then(OsStr::to_str))
    }

    /// The names of variables that packers do not get and a person may name for them: without a shell's own.
    pub(super) fn left_out(&self) -> Vec<String> {
        let given = packer_variables(self);
        let mut names: Vec<String> = self
            .0
            .iter()
            .map(|(name, _)| name)
            .filter(|name| given.iter().all(|(held, _)| held != *name))
            .filter(|name| {
                !may_hold_credential(name) && !is_listed(name, OF_SHELLS.iter().copied())
            })
            .filter_map(|name| name.to_str().map(ToOwned::to_owned))
            .collect();
        names.sort();
        names
    }

    /// A variable's value, the case of its name not counting: so npm reads its own.
    pub(super) fn get_any_case(&self, name: &str) -> Option<&OsStr> {
        self.0
            .iter()
            .find(|(held, _)| held.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_os_str())
    }
}

/// The variable by which a person hands more variables on to packers, separated by commas or spaces.
pub(super) const PACK_ENV: &str = "RELPLAN_PACK_ENV";

/// What packers, and what they build with, are configured by, besides what every program may see.
const TOOLS: &[&str] = &[
    // Rust
    "CARGO",
    "CARGO_*",
    "RUST*",
    "SCCACHE_CACHE_SIZE",
    "SCCACHE_DIR",
    // npm, pnpm, yarn, Node and what switches between its versions; `npm_config_*` in any case
    "ASDF_*",
    "BUN_INSTALL",
    "COREPACK_*",
    "FNM_*",
    "MISE_*",
    "NODE*",
    "NVM_*",
    "N_PREFIX",
    "PNPM_*",
    "PREFIX",
    "VOLTA_*",
    "YARN_*",
    // Python and its build backends
    "AUDITWHEEL_PLAT",
    "CIBW_*",
    "CONDA_*",
    "DISTUTILS_USE_SDK",
    "HATCH_*",
    "MATURIN_*",
    "PDM_*",
    "PIP_*",
    "POETRY_*",
    "PYENV_*",
    "PYO3_*",
    "PYTHON*",
    "REQUESTS_CA_BUNDLE",
    "SETUPTOOLS_*",
    "SKBUILD_*",
    "UV_*",
    "VIRTUAL_ENV",
    "_PYTHON_HOST_PLATFORM",
    // Compilers, linkers and where their kits are
    "ANDROID_HOME",
    "AR",
    "ARCHFLAGS",
    "AR_*",
    "AS",
    "BINDGEN_*",
    "CC",
    "CCACHE_DIR",
    "CC_*",
    "CFLAGS*",
    "CMAKE_*",
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "CUDA_HOME",
    "CPP",
    "CPPFLAGS*",
    "CXX",
    "CXXFLAGS*",
    "CXX_*",
    "C_INCLUDE_PATH",
    "DEVELOPER_DIR",
    "DYLD_*",
    "GOPATH",
    "HOMEBREW_PREFIX",
    "HOST_CC",
    "INCLUDE",
    "IPHONEOS_DEPLOYMENT_TARGET",
    "JAVA_HOME",
    "LD",
    "LDFLAGS*",
    "LD_LIBRARY_PATH",
    "LIB",
    "LIBCLANG_PATH",
    "LIBPATH",
    "LIBRARY_PATH",
    "LLVM_*",
    "MACOSX_DEPLOYMENT_TARGET",
    "MAKEFLAGS",
    "NIX_*",
    "NM",
    "OPENSSL_*",
    "PKG_CONFIG*",
    "PROTOC",
    "PROTOC_INCLUDE",
    "RANLIB",
    "SDKROOT",
    "STRIP",
    "TARGET_CC",
    "UNIVERSALCRT*",
    "VCINSTALLDIR",
    "VCPKG_ROOT",
    "VCTOOLS*",
    "VSINSTALLDIR",
    "WINDOWSSDK*",
    // What is built, and where
    "BUILD_NUMBER",
    "CI",
    "CI_COMMIT_*",
    "CI_PIPELINE_ID",
    "CI_PROJECT_*",
    "CIRCLECI",
    "BUILDKITE",
    "GITHUB_ACTIONS",
    "GITHUB_BASE_REF",
    "GITHUB_HEAD_REF",
    "GITHUB_REF*",
    "GITHUB_REPOSITORY*",
    "GITHUB_RUN_*",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_WORKSPACE",
    "GITLAB_CI",
    "GIT_AUTHOR_*",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMITTER_*",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "RUNNER_ARCH",
    "RUNNER_OS",
    "RUNNER_TEMP",
    "RUNNER_TOOL_CACHE",
    "SOURCE_DATE_EPOCH",
    "TF_BUILD",
    // How they write
    "COLORTERM",
    "COLUMNS",
    "FORCE_COLOR",
    "NO_COLOR",
    "PATH",
];

/// What shells and terminals set for themselves: no build needs it.
const OF_SHELLS: &[&str] = &[
    "_",
    "EDITOR",
    "HIST*",
    "HOSTNAME",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LESS*",
    "LS_COLORS",
    "MAIL",
    "OLDPWD",
    "PAGER",
    "PS1",
    "PWD",
    "SHELL",
    "SHLVL",
    "SSH_*",
    "TERM_*",
    "VISUAL",
];

/// Names that hold one of these (in any case) are dropped.
const TELLING_PARTS: &[&str] = &[
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "API_KEY",
    "APIKEY",
    "PRIVATE_KEY",
    "ACCESS_KEY",
    "_AUTH",
    "AUTH_",
    "SESSION",
    "COOKIE",
    "KEYRING",
];

/// Names that end with one of these are dropped.
const TELLING_ENDS: &[&str] = &["_KEY", "_PASS", "_PAT", "_PWD", "_DSN", "_OTP", "_USERNAME"];

/// Names that begin with one of these are dropped.
const TELLING_STARTS: &[&str] = &[
    "AWS_",
    "AZURE_",
    "ARM_CLIENT_",
    "TWINE_",
    "UV_PUBLISH_",
    "PYPI_",
    "FLIT_",
    "HATCH_INDEX_",
    "POETRY_HTTP_BASIC_",
    "POETRY_PYPI_",
    "ACTIONS_ID_TOKEN_REQUEST_",
    "ACTIONS_RUNTIME_",
    "ACTIONS_RESULTS_",
    "ACTIONS_CACHE_",
    "RELPLAN_",
    "NPM_CONFIG_//",
];

/// Names that are dropped as they are.
const TELLING_NAMES: &[&str] = &[
    "AUTH",
    "PASS",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "GIT_ASKPASS",
    "GPG_AGENT_INFO",
    "KRB5CCNAME",
    "NETRC",
    "VSS_NUGET_EXTERNAL_FEED_ENDPOINTS",
    "NPM_CONFIG_CERT",
    "NPM_CONFIG_KEY",
    // Whole configurations, with access tokens among their lines.
    "NIX_CONFIG",
    // A step of a CI job speaks to the steps after it through these files: what packs must not steer what publishes.
    "GITHUB_ENV",
    "GITHUB_PATH",
    "GITHUB_OUTPUT",
    "GITHUB_STATE",
    "GITHUB_STEP_SUMMARY",
];

/// Names that look like a credential's and are none.
const HARMLESS: &[&str] = &[
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "TOKENIZERS_PARALLELISM",
    "XDG_SESSION_TYPE",
    "XDG_SESSION_DESKTOP",
    "DESKTOP_SESSION",
];

/// The variables of a packer: those that are listed or that a person names, without users and passwords in URLs. Order
/// is kept.
pub(super) fn packer_variables(from: &Environment) -> Vec<(OsString, OsString)> {
    let named = from.named();
    let is_handed_on = |name: &OsStr| {
        let lists = [PLAIN, NETWORK, TOOLS].into_iter().flatten().copied();
        is_listed(name, lists.chain(named.iter().map(String::as_str))) || is_of_npm(name)
    };
    from.0
        .iter()
        .filter(|(name, _)| is_handed_on(name) && !may_hold_credential(name))
        .map(|(name, value)| {
            let cut = |text| match is_proxy(name) {
                true => without_proxy_login(text),
                false => without_credentials(text),
            };
            match value.to_str().and_then(cut) {
                Some(cut) => (name.clone(), cut.into()),
                None => (name.clone(), value.clone()),
            }
        })
        .collect()
}

/// Whether a variable names a proxy: `https_proxy`, `CARGO_HTTP_PROXY`, `npm_config_https_proxy`, `PIP_PROXY`.
fn is_proxy(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    name.ends_with("PROXY") && !name.ends_with("NO_PROXY") && !name.ends_with("NOPROXY")
}

/// A proxy without its user and password, which may hold any character and need no scheme before them.
fn without_proxy_login(text: &str) -> Option<String> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let (_, host) = rest.rsplit_once('@')?;
    Some(scheme + host)
}

/// npm reads its own variables whatever the case of their names.
fn is_of_npm(name: &OsStr) -> bool {
    const START: &str = "npm_config_";
    name.to_str()
        .and_then(|name| name.get(..START.len()))
        .is_some_and(|start| start.eq_ignore_ascii_case(START))
}

/// Whether a variable of this name may hold a credential. A name that is no Unicode is not looked through: it is dropped.
pub(super) fn may_hold_credential(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return true;
    };
    let name = name.to_ascii_uppercase();
    if HARMLESS.contains(&name.as_str()) {
        return false;
    }
    TELLING_NAMES.contains(&name.as_str())
        || TELLING_PARTS.iter().any(|part| name.contains(part))
        || TELLING_ENDS.iter().any(|end| name.ends_with(end))
        || TELLING_STARTS.iter().any(|start| name.starts_with(start))
}

/// The text without what may be a credential in each of its URLs: what stands between `://` and `@`, the query, and a
/// token in the path as conda has it. `None` when there is no such thing in it.
pub(super) fn without_credentials(text: &str) -> Option<String> {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some((before, after)) = rest.split_once("://") {
        kept.push_str(before);
        kept.push_str("://");
        let end = after.find([' ', '\t', '\n', ',', ';', '"', '\'']);
        let (url, others) = after.split_at(end.unwrap_or(after.len()));
        let cut = without_credential(url);
        found |= cut != url;
        kept.push_str(&cut);
        rest = others;
    }
    kept.push_str(rest);
    found.then_some(kept)
}

/// The same of one URL, from behind its `://` on.
fn without_credential(url: &str) -> String {
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (authority, rest) = url.split_at(end);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (path, fragment) = match rest.split_once('#') {
        Some((path, fragment)) => (path, format!("#{fragment}")),
        None => (rest, String::new()),
    };
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let path = match path.split_once("/t/") {
        Some((before, after)) => {
            let (_, after) = after.split_once('/').unwrap_or_default();
            format!("{before}/{after}")
        }
        None => path.to_owned(),
    };
    format!("{host}{path}{fragment}")
}

/// The lines of an npm configuration that hold no credential. Everything that is bound to one registry (`//host/:key`)
/// goes: that is where npm keeps credentials and nothing else.
pub(super) fn scrubbed_npmrc(text: &str) -> String {
    let mut kept = String::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        let key = trimmed.split('=').next().unwrap_or_default().trim();
        let key = key.trim_matches(['"', '\'']).trim_end_matches("[]");
        let is_remark = trimmed.starts_with(['#', ';']);
        let telling = key.contains("//")
            || may_hold_credential(OsStr::new(key))
            || [
                "_auth",
                "cert",
                "key",
                "username",
                "email",
                "otp",
                "tokenhelper",
            ]
            .iter()
            .any(|word| key.eq_ignore_ascii_case(word));
        if !is_remark && !telling {
            let cut = match key.to_ascii_lowercase().ends_with("proxy") {
                true => line.split_once('=').and_then(|(key, value)| {
                    Some(format!("{key}={}", without_proxy_login(value.trim())?))
                }),
                false => without_credentials(line),
            };
            kept.push_str(&cut.unwrap_or_else(|| line.to_owned()));
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l14_what_is_listed_is_kept_unless_it_may_be_a_credential() {
        let dropped = [
            "NPM_TOKEN",
            "NODE_AUTH_TOKEN",
            "npm_config__auth",
            "npm_config__authToken",
            "npm_config_//registry.example/:_authToken",
            "npm_config_otp",
            "npm_config_key",
            "CARGO_REGISTRY_TOKEN",
            "CARGO_REGISTRIES_ACME_TOKEN",
            "CARGO_REGISTRIES_ACME_CREDENTIAL_PROVIDER",
            "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS",
            "TWINE_USERNAME",
            "TWINE_PASSWORD",
            "TWINE_REPOSITORY_URL",
            "UV_PUBLISH_TOKEN",
            "UV_PUBLISH_URL",
            "UV_INDEX_ACME_USERNAME",
            "PYPI_API",
            "YARN_NPM_AUTH_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "ACTIONS_RUNTIME_TOKEN",
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "GITHUB_ENV",
            "GITHUB_PATH",
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "SSH_AUTH_SOCK",
            "GPG_AGENT_INFO",
            "DBUS_SESSION_BUS_ADDRESS",
            "MY_SIGNING_KEY",
            "some_secret_thing",
            "RELPLAN_TOKEN",
            "DB_PASSWD",
            "NIX_CONFIG",
        ];
        let kept = [
            "PATH",
            "HOME",
            "USER",
            "LANG",
            "TMPDIR",
            "CI",
            "CARGO_HOME",
            "CARGO_REGISTRIES_ACME_INDEX",
            "RUSTUP_TOOLCHAIN",
            "npm_config_registry",
            "npm_config_cache",
            "PIP_INDEX_URL",
            "PIP_FIND_LINKS",
            "SOURCE_DATE_EPOCH",
            "GIT_AUTHOR_NAME",
            "SSL_CERT_FILE",
            "https_proxy",
            "GITHUB_SHA",
            "Npm_Config_Cache",
            "OPENSSL_DIR",
            "CFLAGS_x86_64_unknown_linux_gnu",
        ];
        // S9: names that look like nothing in particular.
        let unlisted = ["RELPLAN_DATABASE", "MIRROR", "ACME_FEATURES", "LD_PRELOAD"];
        let vars = |names: &[&str]| -> Vec<(OsString, OsString)> {
            names.iter().map(|name| (name.into(), "x".into())).collect()
        };
        let seen = |names: &[&str]| packer_variables(&Environment(vars(names)));
        assert_eq!(seen(&dropped), []);
        assert_eq!(seen(&unlisted), []);
        assert_eq!(seen(&kept), vars(&kept));
        let mut named = vars(&["ACME_FEATURES", "NPM_TOKEN"]);
        named.push((PACK_ENV.into(), "ACME_FEATURES,NPM_TOKEN".into()));
        assert_eq!(
            packer_variables(&Environment(named)),
            vars(&["ACME_FEATURES"])
        );
    }

    #[test]
    fn l14_urls_lose_their_user_and_password() {
        for (text, cut) in [
            ("https://u:p@host.example/x", Some("https://host.example/x")),
            ("https://tok@host.example", Some("https://host.example")),
            (
                "a=http://u:p@q@h.example/ b=http://v:w@i.example",
                Some("a=http://h.example/ b=http://i.example"),
            ),
            ("https://host.example/@scope/x", None),
            // B8: tokens that stand elsewhere in a URL.
            (
                "https://conda.example/t/tk-1/acme,defaults",
                Some("https://conda.example/acme,defaults"),
            ),
            (
                "https://a.example/t/tk-1 https://b.example/x?sig=s&t=1#egg=y",
                Some("https://a.example/ https://b.example/x#egg=y"),
            ),
            ("file:///opt/wheels", None),
            ("me@host.example", None),
        ] {
            assert_eq!(without_credentials(text).as_deref(), cut, "{text}");
        }
    }

    /// B8: a proxy is often written without a scheme.
    #[test]
    fn l14_proxies_lose_their_login_with_a_scheme_or_without() {
        let proxies = [
            "https_proxy",
            "ALL_PROXY",
            "CARGO_HTTP_PROXY",
            "PIP_PROXY",
            "npm_config_https_proxy",
        ];
        for name in proxies {
            for (value, cut) in [
                ("u:p@proxy.example:8080", "proxy.example:8080"),
                ("token@proxy.example:8080", "proxy.example:8080"),
                ("http://u:p/w@x@proxy.example", "http://proxy.example"),
                ("proxy.example:8080", "proxy.example:8080"),
            ] {
                let vars = Environment(vec![(name.into(), value.into())]);
                assert_eq!(
                    packer_variables(&vars),
                    [(name.into(), cut.into())],
                    "{name}"
                );
            }
        }
        let paths = "/opt/homebrew/opt/node@18/bin:/usr/bin";
        let vars = vec![("PATH".into(), paths.into())];
        assert_eq!(packer_variables(&Environment(vars.clone())), vars);
    }

    #[test]
    fn l14_an_npm_configuration_keeps_places_and_loses_credentials() {
        let text = "registry=https://u:p@npm.acme.example/\n\
                    ; a remark with _authToken=CANARY\n\
                    @acme:registry=https://npm.acme.example/\n\
                    //npm.acme.example/:_authToken=CANARY\n\
                    \"//npm.acme.example/:_password\" = CANARY\n\
                    //npm.acme.example/:username=CANARY\n\
                    _auth=CANARY\n_authToken = CANARY\n_password=CANARY\nemail=CANARY\n\
                    cert=CANARY\nkey=CANARY\nca[]=PEM\notp=CANARY\ntokenHelper=CANARY\n\
                    cache=/c\nstrict-ssl=true\nhttps-proxy = u:CANARY@proxy.example:8080\n";
        assert_eq!(
            scrubbed_npmrc(text),
            "registry=https://npm.acme.example/\n@acme:registry=https://npm.acme.example/\n\
             ca[]=PEM\ncache=/c\nstrict-ssl=true\nhttps-proxy =proxy.example:8080\n"
        );
    }
}
