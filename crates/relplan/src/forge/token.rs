//! The token, from the environment alone: never from the command line, never into a text (law L11).

use relplan_targets::surroundings::Surroundings;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::ForgeError;

/// Where it is looked for, in this order.
const VARIABLES: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];

/// A token that can be sent.
pub struct Token(SecretString);

impl Token {
    /// Reads it.
    ///
    /// # Errors
    /// When there is none, or it cannot be one: octocrab would panic on what a header does not carry.
    pub fn find(surroundings: &Surroundings) -> Result<Self, ForgeError> {
        let (variable, value) = VARIABLES
            .iter()
            .find_map(|name| Some((*name, surroundings.var(name)?)))
            .ok_or(ForgeError::NoToken)?;
        if value.chars().all(|c| c.is_ascii_graphic()) {
            Ok(Self(value.into()))
        } else {
            Err(ForgeError::NotAToken { variable })
        }
    }

    /// For the client.
    pub fn secret(&self) -> SecretString {
        self.0.clone()
    }

    /// What a server said, in one line that is not too long and does not hold the token, should the server send it
    /// back.
    pub fn tidy(&self, said: &str) -> String {
        const LONGEST: usize = 300;
        let line = said.replace(self.0.expose_secret(), "[token]");
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{} …", line.get(..end).unwrap_or_default()),
            None => line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(vars: &[(&str, &str)]) -> Surroundings {
        Surroundings {
            vars: vars
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Surroundings::default()
        }
    }

    #[test]
    fn a_token_that_no_header_carries_is_an_error_that_does_not_show_it() {
        let error = Token::find(&surroundings(&[("GITHUB_TOKEN", "canary-1\n")]))
            .err()
            .unwrap();
        assert!(matches!(
            error,
            ForgeError::NotAToken {
                variable: "GITHUB_TOKEN"
            }
        ));
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn l11_a_server_that_sends_the_token_back_is_not_quoted_with_it() {
        let token = Token::find(&surroundings(&[
            ("GITHUB_TOKEN", ""),
            ("GH_TOKEN", "canary-2"),
        ]))
        .unwrap();
        assert_eq!(token.tidy("bad\n token  canary-2!"), "bad token [token]!");
        assert!(token.tidy(&"x".repeat(1000)).chars().count() < 310);
    }
}
