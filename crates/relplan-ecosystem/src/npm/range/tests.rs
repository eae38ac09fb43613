//! Ranges against what npm's own `semver` says of them: `semver.txt`, which `semver.js` wrote.

use super::*;

const TABLE: &str = include_str!("semver.txt");

/// C14, B4: some three hundred ranges, each over all versions of the table, in both readings.
#[test]
fn l17_ranges_mean_what_npm_says() {
    let mut lines = TABLE.lines();
    let versions: Vec<Version> = lines
        .next()
        .unwrap()
        .split(' ')
        .map(|version| version.parse().unwrap())
        .collect();
    let marks = |range: Option<Range>| match range {
        None => "!".to_owned(),
        Some(range) => versions
            .iter()
            .map(|version| if range.admits(version) { '#' } else { '.' })
            .collect(),
    };
    let (mut wrong, mut rows) = (String::new(), 0);
    for line in lines {
        let (text, answers) = line.split_once('\t').unwrap();
        let range: String = serde_json::from_str(text).unwrap();
        let plain = marks(Range::parse(&range));
        let all = marks(Range::with_prereleases(&range));
        let ours = format!("{plain}\t{all}");
        if ours != answers {
            wrong += &format!("{text}\n  npm  {answers}\n  ours {ours}\n");
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(rows > 250, "{rows}");
}
