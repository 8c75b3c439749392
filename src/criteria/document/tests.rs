use super::*;

fn read(text: &str) -> Document {
    parse(FileId(0), "todos/007-ready-p2-x.md", text)
}

fn texts(document: &Document) -> Vec<&str> {
    document.criteria.iter().map(|criterion| &*criterion.text).collect()
}

#[test]
fn front_matter_wins_over_the_file_name_and_the_name_fills_what_it_leaves_out() {
    let document = read("---\nstatus: complete\nissue_id: \"017\"\ntags: [a, b]\n---\n# Title\n");
    assert_eq!(
        (document.id.as_deref(), document.status.as_deref(), document.priority.as_deref()),
        (Some("017"), Some("complete"), Some("p2"))
    );
    assert_eq!(document.title, "Title");
    assert_eq!(document.tags, ["a", "b"]);
    let document = read("# T\n");
    assert_eq!((document.id.as_deref(), document.status.as_deref()), (Some("007"), Some("ready")));
    let document = read("---\nstatus: [\n---\n# T\n");
    assert_eq!(document.problems.len(), 1);
}

#[test]
fn only_the_sections_that_announce_criteria_have_them() {
    let text = "# T\n## Problem Statement\n- [ ] no\n## Acceptance Criteria\n- [ ] one `a`\n- [x] two\n  goes on\n* three\n1. four\n   - five\n## Work Log\n- [ ] no\n";
    let document = read(text);
    assert_eq!(texts(&document), ["one `a`", "two goes on", "three", "five", "four"]);
    assert!(document.criteria[1].ticked);
    assert_eq!(document.criteria[0].span.of(text), "one `a`");
}

#[test]
fn a_bold_line_is_a_heading_and_a_kill_list_is_the_other_way_round() {
    let text = "# T\n**Definition of Done (DoD):**\n\n- a\n\n**Out-of-scope (explicit):**\n\n- b\n\n### Anti-Pattern Kill List\n\n1. c\n";
    let document = read(text);
    assert_eq!(texts(&document), ["a", "c"]);
    assert_eq!(document.criteria[1].polarity, Polarity::MustNot);
}

#[test]
fn a_verification_table_has_one_criterion_per_row() {
    let text = "# T\n### FINAL VERIFICATION CHECKLIST\n\n| Requirement | Status | Proof / Notes |\n|---|---|---|\n| **Build** | | `docker build .` succeeds |\n| **Docs** | x | updated |\n";
    assert_eq!(texts(&read(text)), ["Build: `docker build .` succeeds", "Docs: updated"]);
}

#[test]
fn pins_belong_to_their_line_or_the_one_above_and_never_stand_in_code() {
    let text = "# T\n## Acceptance Criteria\n<!-- check-defaults: file=api/Dockerfile service=api -->\n- [ ] a <!-- check: x(y) -->\n- [ ] b\n  <!-- check: manual \"z\" -->\n- [ ] c `<!-- check: no(n) -->`\n\n  ```\n  <!-- check: no(n) -->\n  ```\n- [ ] d <!-- never ends\n";
    let document = read(text);
    let pins: Vec<_> = document.criteria.iter().map(|criterion| criterion.pin.as_ref().map(|pin| &*pin.body)).collect();
    assert_eq!(pins, [Some("x(y)"), Some("manual \"z\""), None, None]);
    assert_eq!(document.criteria[0].defaults.get("file").map(String::as_str), Some("api/Dockerfile"));
}

#[test]
fn templates_and_conditions_are_no_criteria_and_ears_needs_no_heading() {
    let text = "# T\n## Acceptance Criteria\n- [ ] Tests pass\n- [ ] [Criterion 1]\n- [ ] real\n";
    assert_eq!(texts(&read(text)), ["real"]);
    let text = "# T\n## Requirement 1\n1. WHEN built THEN THE image SHALL be small\n2. **WHEN** something\n3. other\n";
    assert_eq!(texts(&read(text)), ["WHEN built THEN THE image SHALL be small"]);
    assert_eq!(texts(&read("no headings\n\n- [ ] box\n- bullet\n")), ["box"]);
}

#[test]
fn affected_files_and_lists_are_remembered() {
    let text = "# T\n## Recommended Action\nDo it:\n- `.venv/`\n- `.env`, `.env.*`\n## Technical Details\n- **Affected Files**: `api/.dockerignore` (new), `../x`\n## Acceptance Criteria\n- a\n";
    let document = read(text);
    assert_eq!(document.affected, ["api/.dockerignore"]);
    let listed: Vec<_> = document.listed.iter().map(|listed| &*listed.text).collect();
    assert_eq!(listed, [".venv/", ".env", ".env.*", "api/.dockerignore", "../x"]);
}

#[test]
fn hostile_documents_end_soon_and_within_their_limits() {
    let list = format!("# T\n## Acceptance Criteria\n{}", "- [ ] a `b` <!-- check: x(y) -->\n".repeat(100_000));
    let document = read(&list);
    assert_eq!(document.criteria.len(), MAX_CRITERIA);
    assert_eq!(document.problems.len(), 1);
    for text in [
        "> ".repeat(100_000),
        "- ".repeat(50_000),
        "<!--".repeat(100_000),
        "`".repeat(100_000),
        "[".repeat(50_000),
        "| a ".repeat(50_000),
        "**".repeat(50_000),
    ] {
        let text = format!("# T\n## Acceptance Criteria\n- {text}\n");
        assert!(read(&text).criteria.len() <= MAX_CRITERIA);
    }
}
