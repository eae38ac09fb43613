//! What a reader must see before the rows: findings by weight, and further down the notes.

use relplan_model::{
    finding::{Finding, Severity},
    plan::Plan,
};

use crate::view::{markup::Markup, verdict::by_weight};

/// How many findings are open to the eye; the rest is folded.
const FIRST: usize = 8;

/// Errors and warnings.
pub(super) fn section(page: &mut Markup, plan: &Plan) {
    let findings = by_weight(plan);
    let (findings, _) = findings.split_at(grave(&findings));
    if findings.is_empty() {
        return;
    }
    page.tags("<section id=\"attention\">\n<h2>Needs a look</h2>\n");
    let (first, rest) = findings.split_at(findings.len().min(FIRST));
    list(page, first);
    if !rest.is_empty() {
        page.tags("<details><summary>")
            .text(&format!("{} more", rest.len()))
            .tags("</summary>\n");
        list(page, rest);
        page.tags("</details>\n");
    }
    page.tags("</section>\n");
}

/// The rest.
pub(super) fn notes(page: &mut Markup, plan: &Plan) {
    let findings = by_weight(plan);
    let (_, notes) = findings.split_at(grave(&findings));
    if notes.is_empty() {
        return;
    }
    page.tags("<section id=\"notes\">\n<h2>Remarks</h2>\n");
    list(page, notes);
    page.tags("</section>\n");
}

/// Whether there is a rest.
pub(super) fn has_notes(plan: &Plan) -> bool {
    let mut findings = plan.findings.iter();
    findings.any(|finding| finding.severity == Severity::Note)
}

/// How many of the findings, in order of weight, are more than notes.
fn grave(findings: &[&Finding]) -> usize {
    findings.partition_point(|finding| finding.severity != Severity::Note)
}

fn list(page: &mut Markup, findings: &[&Finding]) {
    page.tags("<ul class=\"findings\">\n");
    for finding in findings {
        page.tags(match finding.severity {
            Severity::Error => "<li class=\"error\">",
            Severity::Warning => "<li class=\"warning\">",
            Severity::Note => "<li class=\"note\">",
        });
        page.tags("<p class=\"what\">")
            .element("strong", &finding.severity.to_string());
        page.text(" ").element("code", &finding.code);
        if let Some(address) = &finding.address {
            page.text(" ").element("code", &address.to_string());
        }
        page.tags("</p>\n<p dir=\"auto\">")
            .text(&finding.message)
            .tags("</p>\n");
        if let Some(hint) = &finding.hint {
            page.tags("<p class=\"hint\" dir=\"auto\">");
            hint_text(page, hint);
            page.tags("</p>\n");
        }
        page.tags("</li>\n");
    }
    page.tags("</ul>\n");
}

/// A hint; its commands stand between back-ticks.
fn hint_text(page: &mut Markup, hint: &str) {
    for (place, piece) in hint.split('`').enumerate() {
        if place % 2 == 1 {
            page.element("code", piece);
        } else {
            page.text(piece);
        }
    }
}
