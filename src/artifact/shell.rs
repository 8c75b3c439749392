//! What a shell would run: the body of a RUN, the shell form of CMD and its like, or a script.
//!
//! A body becomes a flat list of simple commands in the order of the text, each with how it hangs on the one before, so
//! that a reader can ask "which commands" without knowing the grammar. The grammar is `shuck-parser`'s; the language is
//! bash's, of which POSIX `sh` and BusyBox's `ash` are near enough subsets. PowerShell and `cmd` are not for this module:
//! see [`understands`].

mod flatten;
pub mod mode;

use std::borrow::Cow;

use crate::artifact::dockerfile::{self, Script};
use crate::span::Span;

/// Longer texts are not parsed.
pub const MAX_SCRIPT: usize = 64 * 1024;

/// How deep `sh -c '…'` and heredocs for a shell are followed into each other.
pub const MAX_NESTING: usize = 4;

/// A shell text, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// The simple commands, in the order of the text; those of `sh -c '…'` and of `$(…)` follow the command that holds them.
    pub commands: Vec<Command>,
    /// What was not understood: places, and why. The commands may then be incomplete.
    pub gaps: Vec<Gap>,
}

/// A part of a shell text that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The part.
    pub span: Span,
    /// Why.
    pub message: String,
}

/// One simple command: `A=b program word … >file`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; empty where there are only assignments or redirections.
    pub words: Vec<Word>,
    /// `A=b` before the program; for `export A=b` and its like those behind it.
    pub assignments: Vec<Assignment>,
    /// Redirections, those of an enclosing `{ …; }` or `( … )` included.
    pub redirects: Vec<Redirect>,
    /// From the first word to the last, redirections aside.
    pub span: Span,
    /// How it follows the command before it.
    pub link: Link,
    /// Which pipeline it is part of, if any: equal numbers belong together.
    pub pipeline: Option<u32>,
    /// Where it stands.
    pub place: Place,
}

/// How a command follows the one before it in the text.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// It is the first, or follows `;`, `&` or a new line.
    Next,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `|`: it reads what that one writes.
    Pipe,
}

/// Where a command stands: whether it surely runs, and in which shell.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// In a branch of `if` or `case`, behind `||`, or in a function: it may not run.
    pub conditional: bool,
    /// In a loop: it may run any number of times.
    pub repeated: bool,
    /// In `( … )` or `$(…)`: what it changes in the shell is lost.
    pub subshell: bool,
    /// In `$(…)`, backticks or `<(…)`.
    pub substitution: bool,
    /// How many `sh -c '…'` it is inside.
    pub nesting: u8,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// As written, quotes included.
    pub raw: String,
    /// What it is made of, quotes removed.
    pub pieces: Vec<Piece>,
    /// Where.
    pub span: Span,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text. Variables that the body itself sets to a literal have become text.
    Literal(String),
    /// `$NAME` or `${NAME:-default}`, of a variable that comes from outside of the body.
    Variable {
        /// Its name.
        name: String,
        /// What stands behind `:-` or `-`, where that is literal.
        default: Option<String>,
    },
    /// Anything that only the running shell knows.
    Dynamic,
}

/// `NAME=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The name.
    pub name: String,
    /// The value; `None` for arrays.
    pub value: Option<Word>,
    /// All of it.
    pub span: Span,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// Which way.
    pub kind: RedirectKind,
    /// The file; for a heredoc its body, literal where nothing in it is expanded.
    pub target: Word,
}

/// Which way a redirection goes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// `>`, `>|`, `&>`.
    Output,
    /// `>>`.
    Append,
    /// `<`.
    Input,
    /// `<<EOF` and `<<<word`.
    Here,
    /// `2>&1` and the like.
    Duplicate,
}

/// Parses the text of an instruction in shell form.
pub fn parse(script: &Script) -> Body {
    let Some(whole) = script.span else {
        return Body::default();
    };
    flatten::flatten(&script.text, whole, &|range| script.span_of(range).unwrap_or(whole))
}

/// Parses a file that is a shell script. `span` is all of it.
pub fn parse_file(text: &str, span: Span) -> Body {
    flatten::flatten(text, span, &|range| {
        let start = span.start as usize;
        Span::new(span.file, start + range.start..start + range.end)
    })
}

/// The command that an exec form runs: the words as they are, and what `sh -c` in them would run.
pub fn parse_exec(words: &[dockerfile::Word]) -> Body {
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return Body::default();
    };
    let literal = |word: &dockerfile::Word| Word {
        raw: word.text.clone(),
        pieces: vec![Piece::Literal(word.text.clone())],
        span: word.span,
    };
    let command = Command {
        words: words.iter().map(literal).collect(),
        assignments: Vec::new(),
        redirects: Vec::new(),
        span: first.span.to(last.span),
        link: Link::Next,
        pipeline: None,
        place: Place::default(),
    };
    flatten::with_inner(command)
}

/// Parses the command of a RUN, CMD, ENTRYPOINT or HEALTHCHECK, whichever its form.
pub fn parse_command(command: &dockerfile::Command) -> Body {
    match command {
        dockerfile::Command::Exec(words) => parse_exec(words),
        dockerfile::Command::Shell(script) => parse(script),
    }
}

/// Whether a SHELL instruction names a shell whose language this is: `["/bin/bash", "-o", "pipefail", "-c"]`.
pub fn understands(shell: &[String]) -> bool {
    shell.first().is_some_and(|program| is_shell(base_name(program)))
        || matches!(shell, [env, ..] if base_name(env) == "env") && shell.iter().any(|word| is_shell(base_name(word)))
}

/// The last part of a path.
pub fn base_name(path: &str) -> &str {
    // Over bytes: this is asked of every command many times, and its words are short.
    path.bytes().rposition(|byte| byte == b'/').and_then(|at| path.get(at + 1..)).unwrap_or(path)
}

pub(crate) fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "ash" | "ksh" | "mksh" | "zsh" | "busybox")
}

impl Word {
    /// The text, where it does not depend on any variable.
    pub fn literal(&self) -> Option<String> {
        self.as_literal().map(Cow::into_owned)
    }

    /// [`Word::literal`], without a copy where the word is one piece, as most are.
    pub fn as_literal(&self) -> Option<Cow<'_, str>> {
        match self.pieces.as_slice() {
            [Piece::Literal(literal)] => Some(Cow::Borrowed(literal)),
            _ => self.resolve(|_| None).map(Cow::Owned),
        }
    }

    /// The text, where every variable in it is known to `lookup`.
    pub fn resolve(&self, lookup: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Variable { name, default } => {
                    let value = lookup(name)?;
                    match default {
                        Some(default) if value.is_empty() => text.push_str(default),
                        _ => text.push_str(&value),
                    }
                }
                Piece::Dynamic => return None,
            }
        }
        Some(text)
    }

    /// Whether it is written as exactly this, quotes removed.
    pub fn is(&self, text: &str) -> bool {
        self.as_literal().is_some_and(|literal| literal == text)
    }
}

/// Programs that run another one, with those of their options that take a value.
const WRAPPERS: &[(&str, &[&str])] = &[
    ("command", &[]),
    ("builtin", &[]),
    ("exec", &["-a"]),
    ("env", &["-u", "--unset", "-C", "--chdir"]),
    ("sudo", &["-u", "--user", "-g", "--group", "-h", "-p", "-C", "-D", "-R", "-T"]),
    ("doas", &["-u", "-C"]),
    ("time", &["-o", "-f"]),
    ("nice", &["-n"]),
    ("ionice", &["-c", "-n"]),
    ("nohup", &[]),
    ("eatmydata", &[]),
    ("busybox", &[]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("xvfb-run", &["-s", "-e", "-n"]),
];

impl Command {
    /// The program and its arguments behind every wrapper: of `sudo -E env A=b useradd app`, `useradd app`. Empty where
    /// there is no program.
    pub fn argv(&self) -> &[Word] {
        let mut words = self.words.as_slice();
        while let Some((first, mut rest)) = words.split_first() {
            let name = first.as_literal().unwrap_or_default();
            let name = base_name(&name);
            let Some((_, with_value)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name) else {
                break;
            };
            while let Some((option, behind)) = rest.split_first() {
                let text = option.as_literal().unwrap_or_default();
                if with_value.contains(&&*text) {
                    rest = behind.get(1..).unwrap_or_default();
                } else if text.starts_with('-') || (name == "env" && text.contains('=')) {
                    rest = behind;
                } else {
                    break;
                }
            }
            if rest.is_empty() {
                break;
            }
            words = rest;
        }
        words
    }

    /// The name of the program behind every wrapper, without its folder: `useradd`. Empty where it is not literal.
    pub fn program(&self) -> Cow<'_, str> {
        match self.argv().first().and_then(Word::as_literal) {
            Some(Cow::Borrowed(name)) => Cow::Borrowed(base_name(name)),
            Some(Cow::Owned(name)) => Cow::Owned(base_name(&name).to_owned()),
            None => Cow::Borrowed(""),
        }
    }

    /// The arguments of [`Command::program`].
    pub fn args(&self) -> &[Word] {
        self.argv().get(1..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;

    fn body(text: &str) -> Body {
        parse_file(text, Span::new(FileId(0), 0..text.len()))
    }

    /// One command per entry: the link, then the words; a variable is `$NAME`, what is dynamic `?`.
    fn shown(text: &str) -> String {
        let body = body(text);
        let word = |word: &Word| -> String {
            let piece = |piece: &Piece| match piece {
                Piece::Literal(text) => text.clone(),
                Piece::Variable { name, default: None } => format!("${name}"),
                Piece::Variable { name, default: Some(default) } => format!("${name}:-{default}"),
                Piece::Dynamic => "?".to_owned(),
            };
            word.pieces.iter().map(piece).collect()
        };
        let command = |command: &Command| {
            let link = match command.link {
                Link::Next => ";",
                Link::And => "&&",
                Link::Or => "||",
                Link::Pipe => "|",
            };
            let assignments = command.assignments.iter().map(|assignment| {
                format!(" {}={}", assignment.name, assignment.value.as_ref().map_or("?".to_owned(), word))
            });
            let words = command.words.iter().map(|text| format!(" {}", word(text)));
            let redirects = command.redirects.iter().map(|redirect| {
                let sign = match redirect.kind {
                    RedirectKind::Output => ">",
                    RedirectKind::Append => ">>",
                    RedirectKind::Input => "<",
                    RedirectKind::Here => "<<",
                    RedirectKind::Duplicate => ">&",
                };
                format!(" {sign}{:?}", word(&redirect.target))
            });
            link.to_owned() + &assignments.chain(words).chain(redirects).collect::<String>()
        };
        let commands: Vec<String> = body.commands.iter().map(command).collect();
        let gaps = body.gaps.iter().map(|gap| format!("!{}", gap.message));
        commands.into_iter().chain(gaps).collect::<Vec<_>>().join("\n")
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(shown(text), expected, "of {text:?}");
    }

    #[test]
    fn commands_come_in_order_with_their_links() {
        check("a b && c || d; e | f & g", "; a b\n&& c\n|| d\n; e\n| f\n; g");
        check("set -eux\napt-get update\n# note\nrm -rf /x", "; set -eux\n; apt-get update\n; rm -rf /x");
        check("if ! id app; then useradd app; else usermod app; fi", "; id app\n; useradd app\n; usermod app");
        check("for x in a b; do useradd $x; done", "; useradd ?");
        check("(cd /x && make) && { a; b; } >log", "; cd /x\n&& make\n&& a >\"log\"\n; b >\"log\"");
        check("f() { useradd app; }; f", "; useradd app\n; f");
        check("case $x in a) b;; *) exit 1;; esac", "; b\n; exit 1");
    }

    #[test]
    fn quotes_are_removed_and_variables_kept_apart() {
        check(r#"useradd "my"'app' a\ b"#, "; useradd myapp a b");
        check("useradd -u ${UID:-1000} $APP_USER \"$(id -u)\"", "; useradd -u $UID:-1000 $APP_USER ?\n; id -u");
        check(r#"echo "a\"b\n""#, "; echo a\"b\\n");
        check("A=1 env B=2 useradd app", "; A=1 env B=2 useradd app");
        check("chmod {a,b} x", "; chmod ? x");
    }

    #[test]
    fn what_the_text_sets_itself_is_known() {
        check("export U=app; useradd $U", "; U=app export\n; useradd app");
        check("U=app; if x; then U=b; fi; useradd $U", "; U=app\n; x\n; U=b\n; useradd ?");
        check("U=app && useradd \"$U\"", "; U=app\n&& useradd app");
        check("(U=app); useradd $U", "; U=app\n; useradd $U");
        check("read U; useradd $U", "; read U\n; useradd ?");
        check("A=xx; A=$A$A; echo $A", "; A=xx\n; A=xxxx\n; echo xxxx");
    }

    #[test]
    fn shells_in_shells_are_followed() {
        check("sh -c 'a && b'", "; sh -c a && b\n; a\n&& b");
        check("sudo bash -lc \"a\" ", "; sudo bash -lc a\n; a");
        check("su app -c 'x y'", "; su app -c x y\n; x y");
        check("gosu app sh -c x", "; gosu app sh -c x\n; x");
        check("bash <<EOF\na\nb\nEOF\nc", "; bash <<\"a\\nb\\n\"\n; a\n; b\n; c");
        check("<<EOF\nuseradd app\nEOF\n", "; <<\"useradd app\\n\"\n; useradd app");
        check("python3 -c 'import os'", "; python3 -c import os");
        check("sh x.sh -c y", "; sh x.sh -c y");
        check("cat <<'EOF' >>/etc/passwd\na:$x\nEOF\n", "; cat <<\"a:$x\\n\" >>\"/etc/passwd\"");
    }

    #[test]
    fn programs_are_found_behind_their_wrappers() {
        for text in ["useradd app", "/usr/sbin/useradd app", "sudo -E -u root env A=b useradd app", "exec useradd app"]
        {
            let body = body(text);
            assert_eq!(body.commands[0].program(), "useradd", "{text}");
            assert_eq!(body.commands[0].args().iter().map(|word| word.raw.as_str()).collect::<Vec<_>>(), ["app"]);
        }
    }

    #[test]
    fn spans_point_at_the_words() {
        let text = "apt-get update && sh -c 'useradd  app' && echo $(id -u x)";
        let body = body(text);
        let span = |at: usize, word: usize| body.commands[at].words[word].span.of(text);
        assert_eq!(body.commands[0].span.of(text), "apt-get update");
        assert_eq!((span(1, 2), body.commands[2].span.of(text), span(2, 1)), ("'useradd  app'", "useradd  app", "app"));
        assert_eq!(span(4, 2), "x");
    }

    #[test]
    fn what_is_not_understood_is_said() {
        check("#!/usr/bin/env python3\nimport os", "!the script is for python3, not for a shell");
        assert!(shown("if then").contains("!the script"));
        assert!(shown(&"a;".repeat(MAX_SCRIPT)).contains("longer than"));
        let mut text = "a".to_owned();
        for _ in 0..=MAX_NESTING {
            text = format!("sh -c \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        }
        assert!(shown(&text).contains("nested more than"), "{}", shown(&text));
    }

    #[test]
    fn hostile_texts_end() {
        let half = MAX_SCRIPT / 2;
        for text in [
            "{a,\\} ".repeat(half / 6),
            "$(".repeat(half),
            "`".repeat(half),
            "(".repeat(half),
            "a|".repeat(half),
            "a&&".repeat(half / 2),
            "<<a ".repeat(half / 4),
            "${a:-".repeat(half / 5),
            "\"$(".repeat(half / 3),
            "if a;then ".repeat(half / 10),
            "case a in a) ".repeat(half / 13),
            format!("{{ {} }}{}", "a;".repeat(half / 4), ">b".repeat(half / 4)),
            (0..half / 16).map(|n| format!("A{n}=x;(a);")).collect(),
            "{a,".repeat(half / 3),
            "$((".repeat(half / 3),
            "f(){ ".repeat(half / 5),
            "A=$A$A;".repeat(half / 7),
        ] {
            body(&text);
        }
    }
}
