//! A rule's page: the sections of its doc comment.

use crate::Rule;

impl Rule {
    /// The page in Markdown, without the space a doc comment puts before each line.
    pub fn page(&self) -> String {
        let lines: Vec<&str> = self.docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        lines.join("\n").trim().to_owned()
    }

    /// The text under the heading `name`, for example `Why it matters`.
    pub fn section(&self, name: &str) -> Option<String> {
        let page = self.page();
        let mut lines = page.lines().skip_while(|line| line.strip_prefix("## ").map(str::trim) != Some(name));
        lines.next()?;
        let body: Vec<&str> = lines.take_while(|line| !line.starts_with("## ")).collect();
        Some(body.join("\n").trim().to_owned())
    }

    /// The first sentence of the section `name`, on one line.
    pub fn first_sentence(&self, name: &str) -> Option<String> {
        let section = self.section(name)?;
        let paragraph = section.split("\n\n").next().unwrap_or_default();
        let text = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = text.find(". ").map_or(text.len(), |dot| dot + 1);
        text.get(..end).filter(|sentence| !sentence.is_empty()).map(ToOwned::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use crate::report::tests::CALLS;

    #[test]
    fn sections_are_found_by_their_heading() {
        assert_eq!(CALLS.section("Example").as_deref(), Some("`os.system`"));
        assert_eq!(CALLS.section("Nothing"), None);
        assert!(CALLS.page().starts_with("## What it finds\nA stream"));
    }

    #[test]
    fn the_first_sentence_ends_at_its_full_stop() {
        let why = CALLS.first_sentence("Why it matters");
        assert_eq!(why.as_deref(), Some("Loading runs it with the loader's rights."));
    }
}
