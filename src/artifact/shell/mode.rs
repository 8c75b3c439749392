//! The modes that `chmod`, `install -m`, `mkdir -m` and `--chmod` are given.
//!
//! The source of the behaviour is POSIX's `chmod`: octal numbers, or clauses such as `u+rwx,go-w`. Without `u`, `g`, `o`
//! or `a` a clause is for all, except for the bits of the umask, which is 022 in a build.

/// The bits of the umask.
const UMASK: u32 = 0o022;

/// A change of a mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModeChange {
    /// To this.
    To(u32),
    /// Clause by clause.
    Clauses(Vec<Clause>),
}

/// One of `u+rw`, `go=`, `a-s`, `+X`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// Which of the twelve bits are meant at all.
    who: u32,
    /// Which bits are added, removed or set.
    bits: u32,
    /// Whether executing is only meant for folders and for what is executable already.
    conditional: bool,
    sign: char,
}

impl ModeChange {
    /// Reads a mode; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
            return u32::from_str_radix(text, 8).ok().map(Self::To);
        }
        let mut clauses = Vec::new();
        for clause in text.split(',') {
            let end = clause.find(['+', '-', '='])?;
            let mut who = 0;
            for letter in clause.get(..end)?.chars() {
                who |= match letter {
                    'u' => 0o4700,
                    'g' => 0o2070,
                    'o' => 0o1007,
                    'a' => 0o7777,
                    _ => return None,
                };
            }
            if end == 0 {
                who = 0o7777 & !UMASK;
            }
            let mut rest = clause.get(end..)?;
            while let Some(sign) = rest.chars().next() {
                let behind = rest.get(1..)?;
                let next = behind.find(['+', '-', '=']).unwrap_or(behind.len());
                let (mut bits, mut conditional) = (0, false);
                for letter in behind.get(..next)?.chars() {
                    bits |= match letter {
                        'r' => 0o444,
                        'w' => 0o222,
                        'x' => 0o111,
                        'X' => {
                            conditional = true;
                            0
                        }
                        's' => 0o6000,
                        't' => 0o1000,
                        _ => return None,
                    };
                }
                // The sticky bit is nobody's in particular.
                let bits = bits & (who | (bits & 0o1000));
                clauses.push(Clause { who, bits, conditional, sign });
                rest = behind.get(next..)?;
            }
        }
        Some(Self::Clauses(clauses))
    }

    /// The mode that comes of a mode.
    pub fn of(&self, mode: u32, is_folder: bool) -> u32 {
        match self {
            Self::To(mode) => *mode,
            Self::Clauses(clauses) => clauses.iter().fold(mode, |mode, clause| {
                let execute = clause.conditional && (is_folder || mode & 0o111 != 0);
                let bits = clause.bits | if execute { 0o111 & clause.who } else { 0 };
                match clause.sign {
                    '+' => mode | bits,
                    '-' => mode & !bits,
                    _ => (mode & !(clause.who & 0o777)) | bits,
                }
            }),
        }
    }

    /// Whether it gives these bits to a file that has none of them.
    pub fn gives(&self, bits: u32) -> bool {
        self.of(0, false) & bits == bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_chmod_reads_them() {
        for (text, before, expected) in [
            ("755", 0, 0o755),
            ("04755", 0, 0o4755),
            ("u+s", 0o755, 0o4755),
            ("+x", 0o644, 0o755),
            ("+w", 0o444, 0o644),
            ("a+w", 0o644, 0o666),
            ("go-w,o=", 0o777, 0o750),
            ("ugo=rwx", 0, 0o777),
            ("u=rwX,go=rX", 0o600, 0o644),
            ("g=u", 0o600, 0o600),
            ("+t", 0o777, 0o1777),
        ] {
            match ModeChange::parse(text) {
                Some(change) => assert_eq!(change.of(before, false), expected, "{text}"),
                None => assert_eq!(before, expected, "{text}"),
            }
        }
        for wrong in ["", "8", "--reference=x", "u", "app", "777777"] {
            assert_eq!(ModeChange::parse(wrong), None, "{wrong}");
        }
        assert_eq!(ModeChange::parse("a+rX").map(|change| change.of(0o700, true)), Some(0o755));
    }
}
