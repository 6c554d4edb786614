//! YAML 1.2 (and JSON) as a tree in which every key and value knows its bytes.
//!
//! [`Yaml::read`] gives what parses, document by document, and says where it stopped. Aliases are edges to the node they
//! name and are never copied, so that a text whose aliases expand to gigabytes costs what its bytes cost; [`Yaml::nodes`]
//! visits each written node once. Templates (Helm, Jinja) that are no YAML are masked and what stands around them is read.
//! Iterative, linear in the text. Source: YAML 1.2.2; merge keys after YAML 1.1's `tag:yaml.org,2002:merge`.

mod build;
pub(crate) mod edit;
mod mask;
mod offsets;
mod toml;

pub use offsets::Offsets;

use std::borrow::Cow;
use std::ops::Range;

/// A text read as YAML.
#[derive(Debug)]
pub struct Yaml<'t> {
    text: &'t str,
    nodes: Vec<Slot<'t>>,
    roots: Vec<usize>,
    /// Where reading stopped short, and why; empty when the whole text was read.
    pub stops: Vec<Stop>,
    /// Whether templates were masked to read it.
    pub is_template: bool,
}

/// Where reading stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// Byte offset in the text.
    pub offset: usize,
    /// What stopped it.
    pub reason: String,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// A literal block, `|`.
    Literal,
    /// A folded block, `>`.
    Folded,
}

#[derive(Debug)]
struct Slot<'t> {
    span: Range<usize>,
    tag: Option<Box<str>>,
    content: Content<'t>,
}

#[derive(Debug)]
enum Content<'t> {
    Scalar(Cow<'t, str>, Style),
    Sequence(Vec<usize>),
    Mapping(Vec<(usize, usize)>),
    /// The node that an alias names; `None` when nothing has that anchor.
    Alias(Option<usize>),
}

impl<'t> Yaml<'t> {
    /// Most nodes kept of one text.
    pub const NODES: usize = 2_000_000;
    /// Deepest nesting followed.
    pub const DEPTH: usize = 256;

    /// Reads `text` as far as it can be read. Never panics on any text.
    pub fn read(text: &'t str) -> Self {
        build::read(text)
    }

    /// Reads `text` as TOML. Never panics on any text.
    pub fn of_toml(text: &'t str) -> Self {
        toml::read(text)
    }

    /// The text it was read from.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The root of each document, in order; empty documents are left out.
    pub fn documents(&self) -> impl Iterator<Item = Node<'_>> {
        self.roots.iter().map(|&id| Node { yaml: self, id })
    }

    /// The first document.
    pub fn root(&self) -> Option<Node<'_>> {
        self.documents().next()
    }

    /// Every node written in the text, once each, outer before inner, in the order of the text.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.nodes.len()).map(|id| Node { yaml: self, id }).filter(|node| !node.is_alias())
    }
}

/// One node of a [`Yaml`]. Aliases are seen through by everything but [`Node::span`] and [`Node::is_alias`].
#[derive(Clone, Copy)]
pub struct Node<'y> {
    yaml: &'y Yaml<'y>,
    id: usize,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.content() {
            Some(Content::Scalar(value, _)) => return write!(f, "{value:?}@{:?}", self.span()),
            Some(Content::Sequence(_)) => "sequence",
            Some(Content::Mapping(_)) => "mapping",
            _ => "alias",
        };
        write!(f, "{kind}@{:?}", self.span())
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.yaml, other.yaml) && self.id == other.id
    }
}

impl<'y> Node<'y> {
    /// Its bytes in the text, quotes and block headers included; of an alias, those of the alias itself.
    pub fn span(self) -> Range<usize> {
        self.slot().map_or(0..0, |slot| slot.span.clone())
    }

    /// Whether it is written as `*name`.
    pub fn is_alias(self) -> bool {
        matches!(self.slot().map(|slot| &slot.content), Some(Content::Alias(_)))
    }

    /// The node itself, or what an alias names.
    #[must_use]
    pub fn resolved(self) -> Self {
        match self.slot().map(|slot| &slot.content) {
            Some(Content::Alias(Some(id))) => Node { yaml: self.yaml, id: *id },
            _ => self,
        }
    }

    /// The tag without `!` and without the handle of the core schema, for example `reference`, `str`.
    pub fn tag(self) -> Option<&'y str> {
        self.resolved().slot()?.tag.as_deref()
    }

    /// The scalar's value, `None` for collections. `null`, `true` and numbers are their text.
    pub fn as_str(self) -> Option<&'y str> {
        match self.content()? {
            Content::Scalar(value, _) => Some(value),
            _ => None,
        }
    }

    /// How the scalar is written.
    pub fn style(self) -> Option<Style> {
        match self.content()? {
            Content::Scalar(_, style) => Some(*style),
            _ => None,
        }
    }

    /// The boolean a plain scalar stands for in YAML 1.1 or 1.2.
    pub fn as_bool(self) -> Option<bool> {
        match self.content()? {
            Content::Scalar(value, Style::Plain) => match value.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => Some(true),
                "false" | "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The integer a plain scalar stands for.
    pub fn as_int(self) -> Option<i64> {
        match self.content()? {
            Content::Scalar(value, Style::Plain) => value.parse().ok(),
            _ => None,
        }
    }

    /// Whether it is an empty plain scalar or `null`.
    pub fn is_null(self) -> bool {
        matches!(self.content(), Some(Content::Scalar(value, Style::Plain)) if matches!(value.as_ref(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether it is a mapping.
    pub fn is_mapping(self) -> bool {
        matches!(self.content(), Some(Content::Mapping(_)))
    }

    /// Whether it is a sequence.
    pub fn is_sequence(self) -> bool {
        matches!(self.content(), Some(Content::Sequence(_)))
    }

    /// The items of a sequence; none for anything else.
    pub fn items(self) -> impl Iterator<Item = Node<'y>> {
        let ids: &'y [usize] = match self.content() {
            Some(Content::Sequence(ids)) => ids,
            _ => &[],
        };
        ids.iter().map(move |&id| Node { yaml: self.yaml, id })
    }

    /// The items of a sequence, or the node alone when it is a scalar that is not null.
    pub fn items_or_self(self) -> Vec<Node<'y>> {
        if self.as_str().is_some() && !self.is_null() { vec![self] } else { self.items().collect() }
    }

    /// Keys and values of a mapping in the order of the text, those of merges (`<<`) after its own; an own key hides a
    /// merged one. At most [`Node::ENTRIES`]. None for anything else.
    pub fn entries(self) -> Vec<Entry<'y>> {
        let mut entries: Vec<Entry<'y>> = Vec::with_capacity(self.pairs().len());
        // Memory is taken only where keys are merged.
        let (mut next, mut pending) = (Some(self), Vec::new());
        let mut sources = 0usize;
        while let Some(node) = next.take().or_else(|| pending.pop()) {
            sources = sources.saturating_add(1);
            if sources > Self::MERGES || entries.len() >= Self::ENTRIES {
                break;
            }
            let own = sources == 1;
            let mut merged = Vec::new();
            for &(key, value) in node.pairs() {
                let (key, value) = (Node { yaml: self.yaml, id: key }, Node { yaml: self.yaml, id: value });
                if key.as_str() == Some("<<") {
                    if value.is_sequence() {
                        merged.extend(value.items());
                    } else {
                        merged.push(value);
                    }
                    continue;
                }
                let hidden = !own && entries.iter().any(|entry| entry.key.as_str() == key.as_str());
                if !hidden {
                    entries.push(Entry { key, value });
                }
            }
            pending.extend(merged.into_iter().rev());
        }
        entries
    }

    /// What stands under `key`, its own before a merged one, the last of equal keys as loaders take it.
    pub fn get(self, key: &str) -> Option<Node<'y>> {
        self.entry(key).map(|entry| entry.value)
    }

    /// Key and value under `key`.
    pub fn entry(self, key: &str) -> Option<Entry<'y>> {
        let (mut next, mut pending) = (Some(self), Vec::new());
        let mut sources = 0usize;
        while let Some(node) = next.take().or_else(|| pending.pop()) {
            sources = sources.saturating_add(1);
            if sources > Self::MERGES {
                return None;
            }
            let mut merged = Vec::new();
            for &(own, value) in node.pairs().iter().rev() {
                let (own, value) = (Node { yaml: self.yaml, id: own }, Node { yaml: self.yaml, id: value });
                let Some(name) = own.as_str() else { continue };
                if name == key {
                    return Some(Entry { key: own, value });
                }
                if name == "<<" {
                    if value.is_sequence() {
                        merged.extend(value.items());
                    } else {
                        merged.push(value);
                    }
                }
            }
            pending.extend(merged.into_iter().rev());
        }
        None
    }

    /// What stands under `keys`, one inside the other.
    pub fn path(self, keys: &[&str]) -> Option<Node<'y>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The scalar under `key`.
    pub fn text_of(self, key: &str) -> Option<&'y str> {
        self.get(key)?.as_str()
    }

    /// Where each byte of the scalar's value stands in the text.
    pub fn offsets(self) -> Offsets {
        let node = self.resolved();
        let Some(Content::Scalar(value, style)) = node.slot().map(|slot| &slot.content) else {
            return Offsets::at(node.span().start);
        };
        Offsets::of(self.yaml.text, node.span(), value, *style)
    }

    /// The bytes in the text of `range` of the scalar's value.
    pub fn bytes_of(self, range: Range<usize>) -> Range<usize> {
        self.offsets().range(range)
    }

    /// Most sources of merged keys followed for one mapping.
    const MERGES: usize = 64;
    /// Most entries given of one mapping with merges.
    const ENTRIES: usize = 100_000;

    fn slot(self) -> Option<&'y Slot<'y>> {
        self.yaml.nodes.get(self.id)
    }

    fn content(self) -> Option<&'y Content<'y>> {
        let content = &self.slot()?.content;
        match content {
            // An alias names a node that is none itself: the reader resolves them as it meets them.
            Content::Alias(id) => self.yaml.nodes.get((*id)?).map(|slot| &slot.content),
            _ => Some(content),
        }
    }

    fn pairs(self) -> &'y [(usize, usize)] {
        match self.content() {
            Some(Content::Mapping(pairs)) => pairs,
            _ => &[],
        }
    }
}

/// A key with its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry<'y> {
    /// The key.
    pub key: Node<'y>,
    /// The value.
    pub value: Node<'y>,
}

impl<'y> Entry<'y> {
    /// The key's text; empty for a key that is a collection.
    pub fn name(&self) -> &'y str {
        self.key.as_str().unwrap_or_default()
    }

    /// From the start of the key to the end of the value, when it stands behind the key.
    pub fn span(&self) -> Range<usize> {
        let key = self.key.span();
        key.start..self.value.span().end.max(key.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slice<'t>(yaml: &Yaml<'t>, node: Node<'_>) -> &'t str {
        yaml.text().get(node.span()).unwrap()
    }

    #[test]
    fn keys_and_values_of_every_style_have_their_bytes() {
        let text = "é: plain text # c\n'q': \"dö\\tuble\"\nb: |\n  one\n   two\n\n  three\nf: >-\n  x\n  y\nl: [1, {k: v}]\n";
        let yaml = Yaml::read(text);
        assert_eq!(yaml.stops, []);
        let root = yaml.root().unwrap();
        let shown: Vec<(&str, &str)> =
            root.entries().iter().map(|entry| (slice(&yaml, entry.key), slice(&yaml, entry.value))).collect();
        assert_eq!(shown[0], ("é", "plain text"));
        assert_eq!(shown[1], ("'q'", "\"dö\\tuble\""));
        assert_eq!(shown[2].1, "|\n  one\n   two\n\n  three\n");
        assert_eq!(shown[4].1, "[1, {k: v}]");
        assert_eq!(root.text_of("q"), Some("dö\tuble"));
        assert_eq!(root.text_of("b"), Some("one\n two\n\nthree\n"));
        let block = root.get("b").unwrap();
        let value = block.as_str().unwrap();
        for word in ["one", "two", "three"] {
            let at = value.find(word).unwrap();
            assert_eq!(&text[block.bytes_of(at..at + word.len())], word);
        }
        let folded = root.get("f").unwrap();
        assert_eq!(folded.as_str(), Some("x y"));
        assert_eq!(&text[folded.bytes_of(2..3)], "y");
        let quoted = root.get("q").unwrap();
        assert_eq!(&text[quoted.bytes_of("dö\t".len().."dö\tuble".len())], "uble");
        assert_eq!(root.path(&["l"]).unwrap().items().nth(1).unwrap().text_of("k"), Some("v"));
    }

    #[test]
    fn carriage_returns_and_byte_order_marks_do_not_shift_spans() {
        let text = "\u{feff}a: 1\r\nb: |\r\n  x\r\n  yy\r\nc: d\r\n";
        let yaml = Yaml::read(text);
        let root = yaml.root().unwrap();
        assert_eq!(slice(&yaml, root.get("c").unwrap()), "d");
        let block = root.get("b").unwrap();
        let at = block.as_str().unwrap().find("yy").unwrap();
        assert_eq!(&text[block.bytes_of(at..at + 2)], "yy");
    }

    #[test]
    fn merges_and_aliases_resolve_and_own_keys_win() {
        let text = "base: &b {x: 1, y: 2}\nmore: &m {z: 3, x: 9}\na:\n  <<: [*b, *m]\n  y: 5\nc: *b\n";
        let yaml = Yaml::read(text);
        let root = yaml.root().unwrap();
        let a = root.get("a").unwrap();
        let got = |key| a.text_of(key);
        assert_eq!((got("x"), got("y"), got("z")), (Some("1"), Some("5"), Some("3")));
        let names: Vec<&str> = a.entries().iter().map(Entry::name).collect();
        assert_eq!(names, ["y", "x", "z"]);
        let alias = root.get("c").unwrap();
        assert!(alias.is_alias());
        assert_eq!((slice(&yaml, alias), alias.text_of("y")), ("*b", Some("2")));
        assert_eq!(Yaml::read("a: *nowhere\nb: 1\n").stops.len(), 1);
    }

    #[test]
    fn a_bomb_of_aliases_costs_what_its_bytes_cost() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..200 {
            let before = level - 1;
            text.push_str(&format!("a{level}: &a{level} [{}]\n", format!("*a{before}, ").repeat(9)));
        }
        let yaml = Yaml::read(&text);
        assert!(yaml.nodes().count() < 1_000);
        let merges: String = std::iter::once("m0: &m0 {k: 1}\n".to_owned())
            .chain((1..60).map(|n| format!("m{n}: &m{n}\n  <<: [*m{0}, *m{0}, *m{0}]\n", n - 1)))
            .collect();
        let yaml = Yaml::read(&merges);
        assert!(yaml.root().unwrap().get("m59").unwrap().entries().len() <= 1);
    }

    #[test]
    fn what_parses_is_kept_and_the_place_that_does_not_is_named() {
        let text = "a: 1\n---\nb: [1, 2\nc: }\n---\nd: 4\n";
        let yaml = Yaml::read(text);
        assert_eq!(yaml.stops.len(), 1);
        let found: Vec<bool> = ["a", "d"]
            .iter()
            .map(|key| yaml.documents().any(|document| document.get(key).is_some()))
            .collect();
        assert_eq!(found, [true, true]);
        assert!(yaml.stops[0].offset > 8 && yaml.stops[0].offset < text.len());
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Yaml::read(&deep).stops.len(), 1);
        let steps = (0..2_000).map(|n| " ".repeat(n) + "a:").collect::<Vec<_>>().join("\n");
        assert_eq!(Yaml::read(&steps).stops.len(), 1);
    }

    #[test]
    fn templates_are_masked_and_their_text_is_kept() {
        let text = "{{- if .Values.on }}\nkind: Pod\n{{- end }}\nspec:\n  image: {{ .Values.image }}:{{ .Values.tag | default \"latest\" }}\n  {{- with .Values.res }}\n  res: {{ toYaml . | nindent 4 }}\n  {{- end }}\n  args:\n    - --x={{ .V }}\n  run: |\n    echo {{ .Values.y }}\n";
        let yaml = Yaml::read(text);
        assert!(yaml.is_template);
        assert_eq!(yaml.stops, []);
        let spec = yaml.root().unwrap().get("spec").unwrap();
        assert_eq!(spec.text_of("image"), Some("{{ .Values.image }}:{{ .Values.tag | default \"latest\" }}"));
        assert_eq!(spec.text_of("run"), Some("echo {{ .Values.y }}\n"));
        assert_eq!(slice(&yaml, spec.get("args").unwrap().items().next().unwrap()), "--x={{ .V }}");
    }

    #[test]
    fn quoted_lines_and_brackets_too_far_left_are_read_as_others_read_them() {
        let text = "a:\n  b: [\"\n  x\n \n  y\n  \"]\n  c: [\n    1\n  ]\n  d: z\n";
        let yaml = Yaml::read(text);
        assert_eq!(yaml.stops, []);
        let a = yaml.root().unwrap().get("a").unwrap();
        let item = a.get("b").unwrap().items().next().unwrap();
        let value = item.as_str().unwrap();
        assert_eq!(value.split_whitespace().collect::<Vec<_>>(), ["x", "y"]);
        let at = value.find('y').unwrap();
        assert_eq!(&text[item.bytes_of(at..at + 1)], "y");
        assert_eq!(slice(&yaml, a.get("d").unwrap()), "z");
    }

    #[test]
    fn json_is_read_by_the_same_tree() {
        let text = "{\n\t\"a\": [1, \"x\\u0041y\"],\n\t\"b\": {\"c\": null}\n}\n";
        let yaml = Yaml::read(text);
        assert_eq!(yaml.stops, []);
        let root = yaml.root().unwrap();
        let item = root.get("a").unwrap().items().nth(1).unwrap();
        assert_eq!(item.as_str(), Some("xAy"));
        assert_eq!(&text[item.bytes_of(2..3)], "y");
        assert!(root.path(&["b", "c"]).unwrap().is_null());
    }

    proptest! {
        #[test]
        fn any_text_gives_spans_inside_it(text in r##"([a-z&*<: \-\[\]{}|>'"#!?%,é\r]|\n|  |- |: |\{\{ | \}\}){0,120}"##) {
            let yaml = Yaml::read(&text);
            for node in yaml.nodes() {
                let span = node.span();
                prop_assert!(text.get(span.clone()).is_some(), "{span:?}");
                let _ = node.entries();
                if let Some(value) = node.as_str() {
                    let offsets = node.offsets();
                    for (at, _) in value.char_indices() {
                        let range = offsets.range(at..at.saturating_add(1));
                        prop_assert!(range.start <= range.end && range.end <= text.len());
                    }
                }
            }
        }
    }
}
