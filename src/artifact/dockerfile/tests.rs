//! What BuildKit's own tests do not say: spans, recovery, and the joined text of scripts.

use super::*;

fn read(text: &str) -> Dockerfile {
    parse(FileId(0), text)
}

fn problems(text: &str) -> Vec<String> {
    let show = |problem: &Problem| format!("{}: {}", problem.span.of(text), problem.message);
    read(text).problems.iter().map(show).collect()
}

/// The script of the first RUN, and its text in the file where the two differ.
fn script(text: &str) -> Script {
    let file = read(text);
    let kinds = file.instructions.into_iter().map(|it| match it.kind {
        InstructionKind::Onbuild(trigger) => trigger.kind,
        kind => kind,
    });
    let mut scripts = kinds.filter_map(|kind| match kind {
        InstructionKind::Run(Command::Shell(script)) => Some(script),
        _ => None,
    });
    scripts.next().unwrap()
}

#[test]
fn directives_end_at_the_first_line_that_is_none() {
    let check = |text: &str, expected: &[(&str, &str)], escape: char| {
        let file = read(text);
        let found: Vec<_> = file.directives.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
        assert_eq!((found.as_slice(), file.escape), (expected, escape), "{text:?}");
    };
    check("# syntax=a/b:1\n#escape=`\nFROM a", &[("syntax", "a/b:1"), ("escape", "`")], '`');
    check("\u{feff}#\tSYNTAX =  a b \r\n# Check = skip=all\nFROM a", &[("syntax", "a b"), ("check", "skip=all")], '\\');
    check("\n# escape=`\nFROM a", &[], '\\');
    check("# a comment\n# escape=`\nFROM a", &[], '\\');
    check("# foo=bar\n# escape=`\nFROM a", &[], '\\');
    check("# escape=\n# escape=`\nFROM a", &[], '\\');
    check("FROM a\n# escape=`\n", &[], '\\');
    check("  # escape=`\nFROM a", &[("escape", "`")], '`');
}

#[test]
fn problems_speak_buildkits_words_and_point_at_the_part() {
    let check = |text: &str, expected: &str| {
        assert_eq!(problems(&format!("FROM a\n{text}\nUSER x\n")), [expected], "{text}");
    };
    check("FOO bar", "FOO: unknown instruction: FOO (did you mean FROM?)");
    check("Runn x", "Runn: unknown instruction: Runn (did you mean run?)");
    check(
        "COPY a",
        "COPY a: COPY requires at least two arguments, but only one was provided. Destination could not be determined",
    );
    check("COPY --frm=x a b", "--frm=x: unknown flag: --frm (did you mean from?)");
    check("COPY --link=maybe a b", "--link=maybe: expecting boolean value for flag --link, not: maybe");
    check("COPY --from=a --from=b a b", "--from=b: duplicate flag specified: --from");
    check("COPY --from a b", "--from: missing a value on flag: --from");
    check("ENV a", "ENV a: ENV must have two arguments");
    check("ENV a=b c", "c: Syntax error - can't find = in \"c\". Must be of the form: name=value");
    check(
        "CMD [\"a\", [\"b\"]]",
        "[\"a\", [\"b\"]]: when using JSON array syntax, arrays must be comprised of strings only",
    );
    check("SHELL a b", "SHELL a b: SHELL requires the arguments to be in JSON form");
    check("ONBUILD FROM x", "FROM: FROM isn't allowed as an ONBUILD trigger");
    check("ONBUILD ONBUILD RUN x", "ONBUILD: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    check("HEALTHCHECK --interval=5 CMD x", "--interval=5: time: missing unit in duration \"5\"");
    check("HEALTHCHECK --retries=-1 CMD x", "--retries=-1: --retries cannot be negative (-1)");
    check("HEALTHCHECK NONE x", "x: HEALTHCHECK NONE takes no arguments");
    check("RUN --mount=type=bind,foo x", "--mount=type=bind,foo: invalid field 'foo' must be a key=value pair");
    check("RUN --network=x y", "--network=x: invalid network mode \"x\"");
    check("COPY a <<EOF\nEOF", "<<EOF: COPY cannot accept a heredoc as a destination");
    check("FROM a b", "a b: FROM requires either one or three arguments");
    check(
        "FROM a AS 1b",
        "1b: invalid name for build stage: \"1b\", name can't start with a number or contain symbols",
    );
}

#[test]
fn files_without_a_build_are_problems() {
    assert_eq!(
        problems("FROM python:3.12\nEXPOSE 80/foo 53/UDP 7000-8000 $P 127.0.0.1:80:80 x 70000"),
        ["80/foo: invalid proto: foo", "x: invalid containerPort: x", "70000: invalid containerPort: 70000",]
    );
    let refused = |text: &str| {
        parse(FileId(0), text).refused_bases().iter().map(|it| it.span.of(text).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        refused("FROM Python:3.12 AS Own\nFROM Own\nFROM own\nFROM $Base\nFROM \"python:3\""),
        ["Python:3.12", "Own"]
    );
    assert_eq!(problems("# x\n"), [": file with no instructions"]);
    assert_eq!(problems("ARG a\n"), [": dockerfile contains no stages to build"]);
    assert_eq!(problems("RUN a\nRUN b\nFROM c\n"), ["RUN: no build stage in current context"]);
    assert_eq!(problems("# escape=x\nFROM a\n"), ["# escape=x: invalid escape token 'x' does not match ` or \\"]);
    assert_eq!(problems("# check=a\n# check=b\nFROM a\n"), ["# check=b: only one check parser directive can be used"]);
}

#[test]
fn a_bad_line_leaves_the_others_alone() {
    let file = read("FROM a\nFOO\nCOPY x\nUSER u\nFROM b AS c\nUSER v");
    assert_eq!(file.problems.len(), 2);
    assert_eq!(file.stages.iter().map(|it| it.instructions.clone()).collect::<Vec<_>>(), [0..4, 4..6]);
    assert!(matches!(&file.instructions[3].kind, InstructionKind::User(word) if word.text == "u"));
}

#[test]
fn scripts_know_the_way_back() {
    let text = "FROM a\nRUN --mount=type=cache,target=/x apt \\\n  # why\n\n  install é \\\r\n && x\n";
    let script = script(text);
    assert_eq!(script.text, "apt   install é  && x");
    for word in ["apt", "install", "é", "&&", "x"] {
        let at = script.text.find(word).unwrap();
        assert_eq!(script.span_of(at..at + word.len()).unwrap().of(text), word);
    }
    assert_eq!(script.span_of(0..13).unwrap().of(text), "apt \\\n  # why\n\n  install");
    assert!(script.span.unwrap().of(text).ends_with("x"));
}

#[test]
fn heredocs_are_what_the_shell_gets() {
    let check = |text: &str, expected: &str| {
        let script = script(&format!("FROM a\n{text}"));
        assert_eq!(script.text, expected, "{text}");
    };
    // A heredoc alone is the script; with more on the line, the shell reads it.
    check("RUN <<EOF\na\nb\nEOF\n", "a\nb\n");
    check("RUN <<-EOF\n\ta\n\t\tb\n\tEOF\n", "a\nb\n");
    check("RUN << EOF\na\nEOF\n", "a\n");
    check("RUN <<EOF cat > x\na\nEOF\n", "<<EOF cat > x\na\nEOF");
    check("RUN <<-EOF cat\n\ta\n\tEOF\n", "<<-EOF cat\n\ta\nEOF");
    check("RUN cat <<A <<B && \\\n x\na\nA\nb\nB\nUSER x\n", "cat <<A <<B &&  x\na\nA\nb\nB");
    check("ONBUILD RUN <<EOF\na\nEOF\n", "a\n");
    check("RUN [\"<<EOF\"\nUSER x\n", "[\"<<EOF\"");
    check("RUN echo 'it <<EOF\nUSER x\n", "echo 'it <<EOF");
    check("RUN a <<<EOF\nUSER x\n", "a <<<EOF");
    check("RUN a<<EOF\nUSER x\n", "a<<EOF");
    check("RUN echo ${a^^} <<EOF\nUSER x\n", "echo ${a^^} <<EOF");
}

#[test]
fn delimiters_say_what_happens_to_the_body() {
    let check = |word: &str, name: &str, expand: bool, chomp: bool, fd: Option<u32>| {
        let text = format!("FROM a\nCOPY {word} /x\nbody\n{name}\nUSER x\n");
        let file = read(&text);
        assert_eq!(file.instructions.len(), 3, "{word}");
        let heredoc = &file.instructions[1].heredocs[0];
        let found = (heredoc.name.as_str(), heredoc.expand, heredoc.chomp, heredoc.fd);
        assert_eq!(found, (name, expand, chomp, fd), "{word}");
        assert_eq!(heredoc.body.of(&text), "body\n");
        assert_eq!(heredoc.marker.of(&text), word);
        assert_eq!(heredoc.terminator.unwrap().of(&text), name);
    };
    check("<<EOF", "EOF", true, false, None);
    check("<<-file.txt", "file.txt", true, true, None);
    check("3<<EOF", "EOF", true, false, Some(3));
    check("<<'EOF'", "EOF", false, false, None);
    check("<<\"one two\"", "one two", false, false, None);
    check("<<eo'f'", "eof", false, false, None);
    check("<<eo\\'f", "eo'f", true, false, None);
    check("<<'e'o\\'f", "eo'f", false, false, None);
    check("<<$EOF", "$EOF", true, false, None);
    check("<<${x:-y}", "${x:-y}", true, false, None);
}

#[test]
fn heredocs_follow_each_other_and_end_where_the_next_instruction_begins() {
    let text = "FROM a\nCOPY <<X <<Y /x\nY\nX\nX\nY\nRUN b\n# c\n";
    let file = read(text);
    let bodies: Vec<_> = file.instructions[1].heredocs.iter().map(|it| it.body.of(text)).collect();
    assert_eq!(bodies, ["Y\n", "X\n"]);
    assert_eq!(file.instructions[1].span.of(text), "COPY <<X <<Y /x\nY\nX\nX\nY");
    assert_eq!(file.comments[0].text, "c");
    assert!(matches!(&file.instructions[1].kind, InstructionKind::Copy(it) if it.sources.is_empty()));
}

#[test]
fn a_heredoc_without_an_end_is_given_up_at_the_next_instruction() {
    let text = "FROM a\nRUN <<EOF\nx\n\ny\nUSER u\nRUN <<A\nA\n";
    let file = read(text);
    assert_eq!(problems(text), ["<<EOF: unterminated heredoc"]);
    assert_eq!(file.instructions[1].span.of(text), "RUN <<EOF\nx\n\ny");
    assert_eq!(file.instructions[1].heredocs[0].body.of(text), "x\n\ny\n");
    assert!(matches!(file.instructions[2].kind, InstructionKind::User(_)));
    assert!(file.instructions[3].heredocs[0].terminator.is_some());
}

#[test]
fn flags_lose_their_quotes_and_keep_their_place() {
    let text = "FROM a\nRUN --mount=\"type=cache,target=/a b\" --network=no\\\nne x\nCOPY -- --from=a /x\n";
    let file = read(text);
    let [mount, network] = &file.instructions[1].flags[..] else { panic!("{file:?}") };
    assert_eq!((mount.name.as_str(), mount.value.as_ref().unwrap().text.as_str()), ("mount", "type=cache,target=/a b"));
    assert_eq!(mount.value.as_ref().unwrap().span.of(text), "\"type=cache,target=/a b\"");
    assert_eq!(network.value.as_ref().unwrap().text, "none");
    assert_eq!(network.span.of(text), "--network=no\\\nne");
    assert!(matches!(&file.instructions[2].kind, InstructionKind::Copy(it) if it.sources[0].text == "--from=a"));
    assert!(file.problems.is_empty());
}

#[test]
fn the_exec_form_is_json_as_go_reads_it() {
    let check = |args: &str, expected: Option<&[&str]>| {
        let text = format!("FROM a\nCMD {args}\n");
        let file = read(&text);
        let found = match &file.instructions[1].kind {
            InstructionKind::Cmd(Command::Exec(words)) => {
                Some(words.iter().map(|it| it.text.as_str()).collect::<Vec<_>>())
            }
            _ => None,
        };
        assert_eq!(found.as_deref(), expected, "{args}");
    };
    check(r#"["a", "b c"]"#, Some(&["a", "b c"]));
    check("[]", Some(&[]));
    check(r#"[ "\u00e9\ud83d\ude00\ud83d\"\/" ]"#, Some(&["é😀\u{fffd}\"/"]));
    check("[\"a\" \\\n , \"b\"]", Some(&["a", "b"]));
    check("['a']", None);
    check(r#"["a",]"#, None);
    check(r#"["a"] b"#, None);
    check(r#"["a"#, None);
    check(r#"["\x"]"#, None);
    check(r#"["\u12"]"#, None);
    check("[\"a\tb\"]", None);
    check("[a]", None);
    check(r#"[1.5e+3, null, {"a": []}]"#, None);
    assert_eq!(problems("FROM a\nCMD [1]\n").len(), 1);
    assert_eq!(problems("FROM a\nCMD [01]\n").len(), 0);
}
