//! Pages as real indexes write them, and pages that are none.

use super::{read as read_page, *};

/// The page of `widget`.
fn read(body: &[u8]) -> Result<Vec<Listed>, PageError> {
    read_page(body, "widget")
}

const ONE: &str = "aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11";
const TWO: &str = "bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22bb22";

/// The files of a page in one line each: name, sha256 cut, other algorithms, size, yanked.
fn show(body: &str) -> String {
    let listed = match read(body.as_bytes()) {
        Ok(listed) => listed,
        Err(error) => return format!("error: {error}"),
    };
    let lines = listed.iter().map(|file| {
        let digests: Vec<_> = file
            .digests
            .0
            .iter()
            .map(|(algorithm, digits)| format!("{algorithm:?}:{}", digits.get(..4).unwrap()))
            .collect();
        let size = file.size.map_or(String::new(), |size| format!(" {size}"));
        let yanked = if file.yanked { " yanked" } else { "" };
        format!("{} [{}]{size}{yanked}", file.name, digests.join(" "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn json_pages_of_every_minor_version() {
    let page = |version: &str, files: &str| {
        format!(
            r#"{{"meta":{{"api-version":"{version}","_last-serial":7}},"name":"widget","files":[{files}],"new-member":{{}}}}"#
        )
    };
    let old = format!(
        r#"{{"filename":"widget-1.0.tar.gz","url":"../x","hashes":{{"sha256":"{ONE}"}},"requires-python":">=3.8","yanked":false,"dist-info-metadata":true}}"#
    );
    let new = format!(
        r#"{{"filename":"widget-1.1-py3-none-any.whl","url":"x","hashes":{{"sha256":"{TWO}","blake2b_256":"{ONE}","md5":"zz"}},"size":1234,"upload-time":"2026-01-01T00:00:00Z","provenance":null,"core-metadata":{{"sha256":"x"}},"yanked":"it \"broke\""}}"#
    );
    let both = format!("{old},{new}");
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4"] {
        assert_eq!(
            show(&page(version, &both)),
            "widget-1.0.tar.gz [Sha256:aa11]\nwidget-1.1-py3-none-any.whl [Blake2b256:aa11 Sha256:bb22] 1234 yanked"
        );
    }
    assert_eq!(show(&page("1.0", "")), "");
    let bare = r#"{"filename":"widget-1.0.tar.gz","url":"x","hashes":{},"yanked":""}"#;
    assert_eq!(show(&page("1.0", bare)), "widget-1.0.tar.gz [] yanked");
    let nulls = r#"{"filename":"w\u0069dget-1.0.tar.gz","url":"x","hashes":{"SHA256":"XX"},"yanked":null,"size":null}"#;
    assert_eq!(show(&page("1.0", nulls)), "widget-1.0.tar.gz []");
}

#[test]
fn html_pages_as_indexes_write_them() {
    let pypiserver = format!(
        r#"<!DOCTYPE html>
        <html>
            <head>
                <title>Links for widget</title>
            </head>
            <body>
                <h1>Links for widget</h1>
                    <a href="../../packages/widget-1.0.tar.gz#sha256={ONE}">widget-1.0.tar.gz</a><br>
                    <a href="/packages/sub/widget-1.0%2Blocal-py3-none-any.whl#md5=00112233445566778899aabbccddeeff">widget-1.0+local-py3-none-any.whl</a><br>
            </body>
        </html>"#
    );
    assert_eq!(
        show(&pypiserver),
        "widget-1.0.tar.gz [Sha256:aa11]\nwidget-1.0+local-py3-none-any.whl [Md5:0011]"
    );
    let warehouse = format!(
        r#"<!DOCTYPE html>
<html>
  <head>
    <meta name="pypi:repository-version" content="1.4">
    <title>Links for widget</title>
  </head>
  <body>
    <h1>Links for widget</h1>
<a href="https://files.shop.example/packages/aa/widget-1.0.tar.gz#sha256={ONE}" data-requires-python="&gt;=3.8, &lt;4" data-yanked="">widget-1.0.tar.gz</a><br />
<a href="https://files.shop.example/packages/bb/widget-1.1-py3-none-any.whl#sha256={TWO}" data-yanked="a &quot;reason&quot; &gt; none" data-dist-info-metadata="sha256=x">widget-1.1-py3-none-any.whl</a><br />
</body>
</html>
<!--SERIAL 31415926-->"#
    );
    assert_eq!(
        show(&warehouse),
        "widget-1.0.tar.gz [Sha256:aa11] yanked\nwidget-1.1-py3-none-any.whl [Sha256:bb22] yanked"
    );
    let devpi = format!(
        r#"<!DOCTYPE html><html><head><title>bench/prod: links for widget</title></head><body><h1>bench/prod: links for widget</h1>
<form action="../../widget/refresh" method="post"><input name="refresh" type="submit" value="Refresh"/></form>
bench/prod <a href="../../+f/aa1/1aa11aa11aa11/widget-1.0.tar.gz#sha256={ONE}" data-requires-python="&gt;=3">widget-1.0.tar.gz</a><br/>
</body></html>"#
    );
    assert_eq!(show(&devpi), "widget-1.0.tar.gz [Sha256:aa11]");
    let pulp = format!(
        "<!DOCTYPE html>\n<html><head><title>Links for widget</title><meta name='pypi:repository-version' content='1.0'></head>\n<body>\n<h1>Links for widget</h1>\n<a href='http://pulp.example/content/widget-1.0.tar.gz?redirect=a&amp;b=c#sha256={ONE}' rel='internal' >widget-1.0.tar.gz</a><br/>\n</body></html>"
    );
    assert_eq!(show(&pulp), "widget-1.0.tar.gz [Sha256:aa11]");
    let listing = format!(
        "<html><body><A HREF=\"?C=N;O=D\">Name</A> <a href='/simple/'>Parent Directory</a>\n<!-- <a href=\"widget-9.9.tar.gz\">no</a> --><script>\"<a href='widget-8.8.tar.gz'>\"</script><a\n  class=x\n  href = widget-1.0.tar.gz#egg=widget&sha512=ab&SHA256={}  >w&#x69;dget</a><a>no</a><a href>no</a><a href=\"w&#105;dget-2.0.zip\">",
        ONE.to_uppercase()
    );
    assert_eq!(
        show(&listing),
        "widget-1.0.tar.gz [Sha256:aa11]\nwidget-2.0.zip []"
    );
}

#[test]
fn l5_a_page_without_files_proves_by_its_title_whose_it_is() {
    for page in [
        "<!DOCTYPE html><html><head><title>Links for widget</title></head><body><h1>Links for widget</h1></body></html>",
        "<html><body><h1>Links for <b>Wid&#103;et</b></h1></body></html>",
        "<html><head><title>bench/prod: links for widget</title></head><body><h1>bench/prod: links for widget</h1><form action=refresh><input></form></body></html>",
        "<html><head><title>Index of /simple/widget/</title></head><body><a href=\"../\">../</a></body></html>",
        "<html><head><title>Directory listing for /simple/widget/</title></head><h1>Directory listing for /simple/widget/</h1><ul></ul></html>",
        "<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"><title>widget</title></head></html>",
    ] {
        assert_eq!(show(page), "", "{page}");
    }
}

#[test]
fn l5_what_is_no_page_of_the_api_is_an_error_and_not_an_empty_page() {
    for body in [
        "",
        "  \n",
        "not found",
        "[]",
        "{}",
        r#"{"meta":{"api-version":"1.0"},"name":"widget"}"#,
        r#"{"meta":{"api-version":"2.0"},"name":"widget","files":[]}"#,
        r#"{"meta":{"api-version":"1.0"},"files":[{"filename":7}]}"#,
        r#"{"meta":{"api-version":"1.0"},"files":["#,
        r#"{"message":"down for maintenance"}"#,
        "<",
        "<<<<",
        "<!-- nothing -->",
        r#"<html><meta name="pypi:repository-version" content="2.0"><a href="widget-1.0.tar.gz">x</a></html>"#,
        r#"<html><body><form action="/login"><input name="password"></form><a href="/forgot">?</a></body></html>"#,
        r#"<html><head><meta http-equiv=refresh content="0; url=/login"></head></html>"#,
        "<html><script>location = '/login'</script></html>",
        "<!DOCTYPE html><html><head><title>x</title></head><body><h1>Links</h1></body></html>",
        "<h1>We will be back</h1>",
        "<html><head><title>Maintenance</title></head><body><h1>We will be back</h1><a href=/status>status</a></body></html>",
        "<html><head><title>Log in to widget</title></head><body></body></html>",
        "<html><head><title>widget</title></head></html>",
        "<html><head><title>Links for widget</title></head><body>We will be back</body></html>",
        "<html><head><title>Links for widget</title></head><body><h1>We will be back</h1><a href=\"../\">up</a></body></html>",
        "<html><head><title>Links for widgets</title></head></html>",
        "<html><head><title>Links for gadget</title></head><a href=\"gadget-1.0.tar.gz\">x</a></html>",
        "<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"><title>Simple index</title></head><a href=\"widget/\">widget</a></html>",
        r#"{"meta":{"api-version":"1.0"},"name":"gadget","files":[]}"#,
        r#"{"meta":{"api-version":"1.0"},"files":[]}"#,
    ] {
        assert!(
            read(body.as_bytes()).is_err(),
            "{body:?} gave {:?}",
            show(body)
        );
    }
}

#[test]
fn broken_markup_neither_hangs_nor_panics() {
    let all = "<a href='widget-1.0.tar.gz#sha256=&#x;&#99999999;&amp' data-yanked =>< a><a =\"/'>é<title></titl";
    for (at, _) in all.char_indices() {
        let _ = read(all.get(..at).unwrap().as_bytes());
        let _ = read(format!("<{}", all.get(at..).unwrap()).as_bytes());
    }
    let unclosed = "<a href=".repeat(200_000);
    assert!(read(unclosed.as_bytes()).is_err());
    let headings = "<h1>Links for ".repeat(200_000);
    assert!(read(headings.as_bytes()).is_err());
}
