//! INI files as Python's `configparser.RawConfigParser` reads them, which twine and pip read theirs with.
//!
//! Why: passwords hold `%`, `#`, `;`, quotes and backslashes, all of which other INI dialects give a meaning.

use std::collections::BTreeMap;

/// A section's options, by name in lower case.
type Options = BTreeMap<String, String>;

/// What an INI file says.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Ini {
    sections: BTreeMap<String, Options>,
}

/// Why a text is no INI file. It tells the line's number and not its text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {why}")]
pub(crate) struct IniError {
    /// The line's number, from 1.
    line: usize,
    /// What is wrong with it.
    why: &'static str,
}

/// The option that a further, deeper indented line would continue.
struct Open {
    section: String,
    option: String,
    indent: usize,
}

impl Ini {
    /// Reads a file's text.
    ///
    /// # Errors
    /// When a line is neither a section nor an option of one, or a section or an option stands there twice.
    pub(crate) fn read(text: &str) -> Result<Self, IniError> {
        let mut ini = Self::default();
        let mut section: Option<String> = None;
        let mut open: Option<Open> = None;
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let fail = |why| IniError {
                line: number + 1,
                why,
            };
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            let indent = line.len() - line.trim_start().len();
            if let Some(open) = open.as_ref().filter(|open| indent > open.indent) {
                ini.continue_option(open, trimmed);
                continue;
            }
            if let Some((name, _)) = trimmed
                .strip_prefix('[')
                .and_then(|rest| rest.rsplit_once(']'))
            {
                if name != "DEFAULT" && ini.sections.contains_key(name) {
                    return Err(fail("begins a section that was there before"));
                }
                ini.sections.entry(name.to_owned()).or_default();
                section = Some(name.to_owned());
                open = None;
                continue;
            }
            let Some(section) = &section else {
                return Err(fail("stands before any section"));
            };
            let Some((option, value)) = trimmed.split_once(['=', ':']) else {
                return Err(fail("is neither a section nor an option"));
            };
            let option = option.trim_end().to_lowercase();
            let options = ini.sections.entry(section.clone()).or_default();
            if options
                .insert(option.clone(), value.trim_start().to_owned())
                .is_some()
            {
                return Err(fail("sets an option that was set before"));
            }
            open = Some(Open {
                section: section.clone(),
                option,
                indent,
            });
        }
        Ok(ini)
    }

    fn continue_option(&mut self, open: &Open, line: &str) {
        if let Some(value) = self
            .sections
            .get_mut(&open.section)
            .and_then(|options| options.get_mut(&open.option))
        {
            if !value.is_empty() {
                value.push('\n');
            }
            value.push_str(line);
        }
    }

    /// Whether there is a section of this name.
    pub(crate) fn has(&self, section: &str) -> bool {
        self.sections.contains_key(section)
    }

    /// An option of a section, else of the section `DEFAULT`; its name is given in lower case.
    pub(crate) fn get(&self, section: &str, option: &str) -> Option<&str> {
        let options = self.sections.get(section)?;
        options
            .get(option)
            .or_else(|| self.sections.get("DEFAULT")?.get(option))
            .map(String::as_str)
    }

    /// The names of the sections, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pypirc_is_read_as_pythons_configparser_reads_it() {
        let ini = Ini::read(
            "\u{feff}# hosts\n[distutils]\nindex-servers =\n    pypi\n    # not this one\n\n    corp\n\n\
             [pypi]\nUserName : __token__\npassword = pypi-%(x)s#no;comment\"q\\n\n\
             [corp]  trailing\n  repository: https://pypi.corp.example/legacy/\n  username=a=b:c\n  password =\n\
             [DEFAULT]\nca_cert = x\r\n",
        )
        .unwrap();
        assert_eq!(ini.get("distutils", "index-servers"), Some("pypi\ncorp"));
        assert_eq!(ini.get("pypi", "username"), Some("__token__"));
        assert_eq!(
            ini.get("pypi", "password"),
            Some("pypi-%(x)s#no;comment\"q\\n")
        );
        assert_eq!(
            ini.get("corp", "repository"),
            Some("https://pypi.corp.example/legacy/")
        );
        assert_eq!(ini.get("corp", "username"), Some("a=b:c"));
        assert_eq!(ini.get("corp", "password"), Some(""));
        assert_eq!(ini.get("corp", "ca_cert"), Some("x"));
        assert_eq!(ini.get("pypi", "repository"), None);
        assert_eq!(ini.get("other", "ca_cert"), None);
    }

    #[test]
    fn l11_what_python_refuses_is_refused_without_repeating_the_line() {
        for (text, line) in [
            ("password = canary", 1),
            ("[a]\ncanary", 2),
            ("[a]\nx = 1\nX = canary", 3),
            ("[a]\nx = 1\n[a]\n", 3),
        ] {
            let error = Ini::read(text).err().unwrap();
            assert_eq!(error.line, line, "{text}");
            assert!(!error.to_string().contains("canary"));
        }
    }
}
