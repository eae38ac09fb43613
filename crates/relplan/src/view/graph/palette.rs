//! The colours of targets. Each box also says its target in words, so that nobody has to tell colours apart.

/// A light fill and a strong line, for dark text on the fill.
pub(super) struct Color {
    /// Behind the text.
    pub(super) fill: &'static str,
    /// Around it.
    pub(super) line: &'static str,
}

/// As many as stay apart for most eyes; more targets than these share.
pub(super) const COLORS: [Color; 8] = [
    Color {
        fill: "#e3effb",
        line: "#2a6fb5",
    },
    Color {
        fill: "#fbeedd",
        line: "#b96a12",
    },
    Color {
        fill: "#e0f3ea",
        line: "#1c7f5a",
    },
    Color {
        fill: "#f0e8fa",
        line: "#7a4fb3",
    },
    Color {
        fill: "#fae6ec",
        line: "#b23a64",
    },
    Color {
        fill: "#e1f3f6",
        line: "#147b8c",
    },
    Color {
        fill: "#f6f2d8",
        line: "#857312",
    },
    Color {
        fill: "#ecedf0",
        line: "#5b6472",
    },
];

/// Of what is left alone.
pub(super) const HELD: Color = Color {
    fill: "#fdf3f2",
    line: "#b3261e",
};

/// Of boxes that stand for several targets.
pub(super) const SEVERAL: Color = Color {
    fill: "#f4f5f7",
    line: "#5b6472",
};

/// The colour that a target's place gives it.
pub(super) fn number(place: usize) -> usize {
    place % COLORS.len()
}
