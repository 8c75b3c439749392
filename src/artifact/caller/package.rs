//! `package.json`: its `scripts`, which npm hands to a shell in the folder of the file
//! (<https://docs.npmjs.com/cli/using-npm/scripts>).

use super::super::dockerfile::Script;
use super::super::json;
use crate::span::FileId;

pub(super) fn scripts(file: FileId, text: &str) -> Vec<Script> {
    let json = json::parse(file, text);
    let scripts = json.root().and_then(|root| root.get("scripts")).map(|scripts| scripts.pairs()).unwrap_or_default();
    scripts.into_iter().filter(|pair| pair.value.as_str().is_some()).map(|pair| pair.value.script(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_lead_back_to_the_file() {
        let text = "{\"name\": \"x\", \"scripts\": {\"a\": \"docker build -t \\\"x\\\" web\", \"b\": 1, \"c\": {}}}";
        let found = scripts(FileId(0), text);
        assert_eq!(found[0].text, "docker build -t \"x\" web");
        let at = found[0].text.find("web").unwrap();
        assert_eq!(found[0].span_of(at..at + 3).unwrap().of(text), "web");
        for other in ["", "[", "{\"scripts\": [\"docker build .\"]}", "{\"scripts\": null}"] {
            assert_eq!(scripts(FileId(0), other), [], "{other}");
        }
    }
}
