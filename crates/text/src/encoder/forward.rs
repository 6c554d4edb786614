//! Runs a text through the layers of the encoder.
//!
//! Weights are 7-bit integers with a scale for each output, activations 8-bit integers with a scale for each token, products
//! 32-bit integers: exact, and so the same on every processor. Seven bits, because two products of full 8-bit values
//! overflow the 16-bit sums of processors without a wider instruction. Attention is in 32-bit floating point.

use super::arithmetic::{Rows, Step, Sums};
use super::container::{self, ContainerError, Tensor};
use super::wordpiece::{Piece, WordPiece};
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix};
use rten_simd::SimdOp as _;
use rten_tensor::NdTensorView;
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::collections::BTreeMap;
use thiserror::Error;

/// Tokens of a window at most, with those that open and close it.
pub const WINDOW: usize = 128;
/// Values of a token.
pub const WIDTH: usize = 384;
/// Heads of attention.
const HEADS: usize = 12;
/// Values of a head.
const HEAD: usize = WIDTH / HEADS;
/// Values between the two products of a layer's second half.
const INNER: usize = 4 * WIDTH;

/// An encoder that cannot be used.
#[derive(Debug, Error)]
pub enum EncoderError {
    /// The file is no container.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// The file is another than the one that was trained with.
    #[error(
        "the encoder's weights have digest {found}, not {expected}; take the file that came with this version"
    )]
    Digest {
        /// SHA-256 of the file, in hexadecimal.
        found: String,
        /// SHA-256 it should have.
        expected: String,
    },
    /// A tensor is missing or has another shape.
    #[error("tensor `{name}` is missing or has another shape; take the file that came with this version")]
    Shape {
        /// Its name.
        name: String,
    },
    /// The vocabulary lacks its special entries or has another length than the embeddings.
    #[error("the vocabulary does not fit the embeddings; take the file that came with this version")]
    Vocabulary,
    /// A product could not be formed.
    #[error("a matrix product failed: {0}")]
    Product(#[from] rten_gemm::GemmError),
}

/// A matrix of integers with a scale and a bias for each column.
struct Linear {
    packed: PackedBMatrix<i8>,
    /// Sum of each column.
    sums: Vec<i32>,
    scales: Vec<f32>,
    bias: Vec<f32>,
}

/// One layer.
struct Layer {
    heads: Linear,
    out: Linear,
    first: [Vec<f32>; 2],
    up: Linear,
    down: Linear,
    second: [Vec<f32>; 2],
}

/// A sentence encoder, made once and used from any number of threads.
pub struct Encoder {
    /// Splits texts.
    pub words: WordPiece,
    table: Vec<i8>,
    steps: Vec<f32>,
    places: Vec<f32>,
    begin: [Vec<f32>; 2],
    layers: Vec<Layer>,
}

/// Forms products in the way that suits the processor; made for each window, as it cannot go from thread to thread.
#[derive(Default)]
struct Products {
    integers: GemmExecutor<u8, i8, i32>,
    floats: GemmExecutor<f32, f32, f32>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.debug_struct("Encoder").field("layers", &self.layers.len()).finish_non_exhaustive()
    }
}

impl Encoder {
    /// Reads the weights from `file`, whose SHA-256 must be `digest` (hexadecimal).
    ///
    /// # Errors
    /// [`EncoderError`] when the file is another or is not what it should be.
    pub fn read(file: &[u8], digest: &str) -> Result<Self, EncoderError> {
        let found = bartizan_core::hex(&Sha256::digest(file));
        if found != digest {
            return Err(EncoderError::Digest { found, expected: digest.to_owned() });
        }
        Self::of(&container::read(file)?)
    }

    /// An encoder of these tensors.
    ///
    /// # Errors
    /// [`EncoderError`] when one is missing or has another shape.
    pub fn of(tensors: &BTreeMap<String, Tensor<'_>>) -> Result<Self, EncoderError> {
        let integers = GemmExecutor::<u8, i8, i32>::default();
        let vocabulary = tensors.get("vocabulary").map_or(&[][..], |tensor| tensor.bytes);
        let words = std::str::from_utf8(vocabulary).ok().and_then(WordPiece::of);
        let words = words.ok_or(EncoderError::Vocabulary)?;
        let table = matrix(tensors, "embeddings", [words.len(), WIDTH])?;
        let steps = vector(tensors, "embeddings.scale", words.len())?;
        let places = vector(tensors, "positions", WINDOW * WIDTH)?;
        let begin = pair(tensors, "begin")?;
        let mut layers = Vec::new();
        while tensors.contains_key(&format!("{}.heads", layers.len())) {
            let at = layers.len();
            let linear = |name: &str, rows: usize, columns: usize| {
                Linear::of(&integers, tensors, &format!("{at}.{name}"), rows, columns)
            };
            layers.push(Layer {
                heads: linear("heads", WIDTH, 3 * WIDTH)?,
                out: linear("out", WIDTH, WIDTH)?,
                first: pair(tensors, &format!("{at}.first"))?,
                up: linear("up", WIDTH, INNER)?,
                down: linear("down", INNER, WIDTH)?,
                second: pair(tensors, &format!("{at}.second"))?,
            });
        }
        Ok(Self { words, table, steps, places, begin, layers })
    }

    /// The vectors of the tokens of a window: `WIDTH` values for the opening token, each of `pieces`, of which the first
    /// `WINDOW − 2` are read, and the closing token.
    ///
    /// # Errors
    /// [`EncoderError::Product`] when a product fails, which no input can bring about.
    pub fn tokens(&self, pieces: &[Piece]) -> Result<Vec<f32>, EncoderError> {
        let ids = std::iter::once(self.words.opening)
            .chain(pieces.iter().take(WINDOW - 2).map(|piece| piece.id))
            .chain([self.words.closing]);
        let mut rows = Vec::with_capacity(WINDOW * WIDTH);
        for (id, place) in ids.zip(self.places.chunks_exact(WIDTH)) {
            let id = id as usize;
            let start = id.saturating_mul(WIDTH);
            let row = self.table.get(start..start.saturating_add(WIDTH)).unwrap_or_default();
            let step = self.steps.get(id).copied().unwrap_or_default();
            rows.extend(row.iter().zip(place).map(|(value, place)| f32::from(*value) * step + place));
        }
        alone(|| {
            let products = Products::default();
            // Another window may be begun on this thread while this one waits: it finds no desk and makes one.
            let mut desk = DESK.take().unwrap_or_default();
            Step::Normalise(None, &mut rows, &self.begin, &mut desk.rows).dispatch();
            let done = self.layers.iter().try_for_each(|layer| products.layer(layer, &mut rows, &mut desk));
            DESK.set(Some(desk));
            done
        })?;
        Ok(rows)
    }

    /// How many layers it has.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }
}

/// Room for what a layer makes between its beginning and its end, some 2 MB, kept from window to window.
#[derive(Default)]
struct Desk {
    /// What the next product is of.
    rows: Rows,
    /// What the last product of a layer is of.
    inner: Rows,
    sums: Vec<i32>,
    /// Queries, keys and values.
    heads: Vec<f32>,
    mixed: Vec<f32>,
    shares: Vec<f32>,
    values: Vec<f32>,
    /// One row of the widest product.
    row: Vec<f32>,
}

thread_local! {
    /// The desk of this thread, unless it is in use.
    static DESK: Cell<Option<Box<Desk>>> = const { Cell::new(None) };
    /// A pool of this thread alone; none if the thread belongs to a pool already.
    static ALONE: Option<rayon::ThreadPool> =
        rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().ok();
}

/// Runs products on this thread alone. They are too small to be worth sharing: threads that wait for each other at every one
/// of them take many times as long on a busy machine. A thread that belongs to no pool becomes a pool of its own.
fn alone<T: Send>(task: impl FnOnce() -> T + Send) -> T {
    ALONE.with(|pool| match pool {
        Some(pool) => pool.install(task),
        None => task(),
    })
}

impl Products {
    /// Runs `rows` through a layer; the desk holds their integers before and after.
    fn layer(&self, layer: &Layer, rows: &mut [f32], desk: &mut Desk) -> Result<(), EncoderError> {
        let Desk { rows: integers, inner, sums, heads, mixed, shares, values, row } = desk;
        let count = rows.len() / WIDTH;
        heads.resize(count * 3 * WIDTH, 0.0);
        Step::Values(self.product(integers, &layer.heads, sums)?, heads).dispatch();
        self.attention(heads, mixed, shares, values)?;
        Step::Quantise(mixed, WIDTH, integers).dispatch();
        let out = self.product(integers, &layer.out, sums)?;
        // Of the same rows that the product is of, which are read no more when they are written.
        Step::Normalise(Some(out), rows, &layer.first, inner).dispatch();
        std::mem::swap(integers, inner);
        row.resize(INNER, 0.0);
        Step::Unit(self.product(integers, &layer.up, sums)?, inner, row).dispatch();
        let down = self.product(inner, &layer.down, sums)?;
        Step::Normalise(Some(down), rows, &layer.second, integers).dispatch();
        Ok(())
    }

    /// The products of rows with each column of a matrix.
    fn product<'a>(
        &self,
        rows: &'a Rows,
        by: &'a Linear,
        sums: &'a mut Vec<i32>,
    ) -> Result<Sums<'a>, EncoderError> {
        let (count, columns) = (rows.scales.len(), by.scales.len());
        let width = rows.integers.len() / count.max(1);
        sums.resize(count.saturating_mul(columns), 0);
        let left = NdTensorView::from_data([count, width], rows.integers.as_slice());
        self.integers.gemm(
            sums,
            GemmInputA::Unpacked(left),
            GemmInputB::Packed(&by.packed),
            GemmOptions::default(),
        )?;
        Ok(Sums { totals: sums, of: rows, columns: &by.sums, scales: &by.scales, bias: &by.bias })
    }

    /// Each token takes from the others what its query finds in their keys. `rows` hold queries, keys and values.
    fn attention(
        &self,
        rows: &[f32],
        mixed: &mut Vec<f32>,
        shares: &mut Vec<f32>,
        values: &mut Vec<f32>,
    ) -> Result<(), EncoderError> {
        let count = rows.len() / (3 * WIDTH);
        let all = NdTensorView::from_data([count, 3 * WIDTH], rows);
        mixed.resize(count * WIDTH, 0.0);
        shares.resize(count * count, 0.0);
        values.resize(count * HEAD, 0.0);
        for head in 0..HEADS {
            let part = |which: usize| {
                let start = which * WIDTH + head * HEAD;
                all.slice((.., start..start + HEAD))
            };
            let options = || GemmOptions { alpha: 1.0 / (HEAD as f32).sqrt(), ..GemmOptions::default() };
            self.floats.gemm(
                shares,
                GemmInputA::Unpacked(part(0)),
                GemmInputB::Unpacked(part(1).transposed()),
                options(),
            )?;
            Step::Softmax(shares, count).dispatch();
            let left = NdTensorView::from_data([count, count], shares.as_slice());
            self.floats.gemm(
                values,
                GemmInputA::Unpacked(left),
                GemmInputB::Unpacked(part(2)),
                GemmOptions::default(),
            )?;
            for (to, from) in mixed.chunks_exact_mut(WIDTH).zip(values.chunks_exact(HEAD)) {
                for (to, from) in to.iter_mut().skip(head * HEAD).zip(from) {
                    *to = *from;
                }
            }
        }
        Ok(())
    }
}

impl Linear {
    fn of(
        by: &GemmExecutor<u8, i8, i32>,
        tensors: &BTreeMap<String, Tensor<'_>>,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Self, EncoderError> {
        let values = matrix(tensors, name, [rows, columns])?;
        Ok(Self {
            packed: by.prepack_b(NdTensorView::from_data([rows, columns], values.as_slice())),
            sums: column_sums(&values, columns),
            scales: vector(tensors, &format!("{name}.scale"), columns)?,
            bias: vector(tensors, &format!("{name}.bias"), columns)?,
        })
    }
}

fn column_sums(values: &[i8], columns: usize) -> Vec<i32> {
    let mut sums = vec![0_i32; columns];
    for row in values.chunks_exact(columns) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += i32::from(*value);
        }
    }
    sums
}

fn matrix(
    tensors: &BTreeMap<String, Tensor<'_>>,
    name: &str,
    shape: [usize; 2],
) -> Result<Vec<i8>, EncoderError> {
    match tensors.get(name) {
        Some(tensor) if tensor.kind == "I8" && tensor.shape == shape => {
            Ok(tensor.bytes.iter().map(|byte| i8::from_le_bytes([*byte])).collect())
        }
        _ => Err(EncoderError::Shape { name: name.to_owned() }),
    }
}

fn vector(
    tensors: &BTreeMap<String, Tensor<'_>>,
    name: &str,
    length: usize,
) -> Result<Vec<f32>, EncoderError> {
    let floats = tensors.get(name).map(Tensor::floats).unwrap_or_default();
    if floats.len() == length && floats.iter().all(|x| x.is_finite()) {
        Ok(floats)
    } else {
        Err(EncoderError::Shape { name: name.to_owned() })
    }
}

fn pair(tensors: &BTreeMap<String, Tensor<'_>>, name: &str) -> Result<[Vec<f32>; 2], EncoderError> {
    Ok([vector(tensors, &format!("{name}.scale"), WIDTH)?, vector(tensors, &format!("{name}.shift"), WIDTH)?])
}
