//! The graph of R objects as far as it is kept: nodes, pairs and short strings.

/// Longest text kept of one string, in bytes.
const TEXT_BYTES: usize = 2048;

/// What was read of an object graph.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// The object itself.
    pub(super) root: u32,
    /// Offset just past the object.
    pub(super) end: usize,
    /// Where and why reading stopped early.
    pub(super) stopped: Option<(usize, &'static str)>,
    /// Texts of symbols and short strings.
    pub(super) texts: String,
    pub(super) references: Vec<u32>,
}

/// Index of [`Node::Other`], which stands for everything without interest.
pub(super) const OTHER: u32 = 0;

/// One object of the graph.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    /// Numbers, environments by name, the null object.
    Other,
    /// The marker of a promise not yet forced.
    Unbound,
    /// A name.
    Symbol(Text),
    /// A character vector's first element.
    Text(Text),
    /// A primitive function by name.
    Builtin(Text),
    /// A list cell, call, function or promise.
    Pair(Pair),
    /// Generic vector or expression vector; its items hang off `first` as `Pair`s of kind `Item`.
    Items { first: u32 },
    /// Byte code; its constants hang off `first`.
    Code { first: u32 },
    /// An environment that was saved with its content.
    Environment,
}

/// A cell of four parts; which part means what depends on the kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) kind: PairKind,
    pub(super) tag: u32,
    pub(super) car: u32,
    pub(super) cdr: u32,
    /// Where it begins.
    pub(super) offset: usize,
    /// Whether it hangs in the frame of a saved environment, where unforced promises are usual.
    pub(super) in_frame: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PairKind {
    List,
    Call,
    Closure,
    Promise,
    /// One item of a vector: `car` is the item, `cdr` the next.
    Item,
}

/// A slice of [`Graph::texts`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Text {
    start: u32,
    length: u32,
}

impl Graph {
    pub(super) fn node(&self, index: u32) -> Node {
        self.nodes.get(index as usize).copied().unwrap_or(Node::Other)
    }

    pub(super) fn text(&self, text: Text) -> &str {
        let end = text.start.saturating_add(text.length) as usize;
        self.texts.get(text.start as usize..end).unwrap_or_default()
    }

    pub(super) fn keep(&mut self, bytes: &[u8]) -> Text {
        let start = self.texts.len();
        let bytes = bytes.get(..TEXT_BYTES).unwrap_or(bytes);
        self.texts.push_str(&String::from_utf8_lossy(bytes));
        let length = self.texts.len().saturating_sub(start);
        Text { start: start as u32, length: length as u32 }
    }

    pub(super) fn add(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        self.nodes.len().saturating_sub(1) as u32
    }
}
