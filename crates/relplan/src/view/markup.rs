//! HTML and SVG, written so that text from outside stays text.
//!
//! Invariant: tags come from the source alone, by their type (`&'static str`); everything else is made harmless and
//! escaped on its way in, for element content and for quoted attributes alike.

use super::style::harmless;

/// A piece of HTML or SVG.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What its writer has escaped already.
    pub fn escaped(text: String) -> Self {
        Self(text)
    }

    /// Adds tags, as they stand in the source.
    pub fn tags(&mut self, tags: &'static str) -> &mut Self {
        self.0.push_str(tags);
        self
    }

    /// Adds text from anywhere.
    pub fn text(&mut self, words: &str) -> &mut Self {
        self.0.push_str(&text(words));
        self
    }

    /// Adds an element without attributes, such as `code`, around a text from anywhere.
    pub fn element(&mut self, name: &'static str, words: &str) -> &mut Self {
        self.tags("<").tags(name).tags(">").text(words);
        self.tags("</").tags(name).tags(">")
    }

    /// Adds an attribute with a value from anywhere, behind an open tag's name.
    pub fn attribute(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.tags(" ").tags(name).tags("=\"").text(value).tags("\"")
    }

    /// Adds another piece.
    pub fn piece(&mut self, piece: &Self) -> &mut Self {
        self.0.push_str(&piece.0);
        self
    }

    /// The whole as text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Text from anywhere, made harmless and escaped.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_place() {
        let hostile = "</td><script>\"x\" & 'y'\u{202e}\u{0}\u{ffff}";
        let escaped =
            "&lt;/td&gt;&lt;script&gt;&quot;x&quot; &amp; &#39;y&#39;\u{fffd}\u{fffd}\u{fffd}";
        let mut markup = Markup::new();
        markup.tags("<p").attribute("title", hostile).tags(">");
        markup.element("code", hostile);
        assert_eq!(
            markup.into_string(),
            format!("<p title=\"{escaped}\"><code>{escaped}</code>")
        );
    }
}
