//! What each opcode of each CPython version does to the value stack, as far as names, constants and calls need it.
//!
//! Source: `opcode.opmap` of CPython 2.7 and 3.6 to 3.13, the opcode tables of 3.0 to 3.5 and 3.14. Specialised and
//! instrumented forms never reach a marshalled code object.

/// What an instruction does, by the part of it that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// Adds two values, perhaps strings.
    Add,
    /// Replaces an object by one of its attributes; from 3.12 also loads a method.
    Attr,
    /// Two values into one.
    Binary,
    /// 3.11 and later: the operator is the argument.
    Operator,
    /// The top values into a sequence.
    Build,
    /// Values and a tuple of keys into a dictionary.
    BuildConstKeyMap,
    /// Keys and values into a dictionary.
    BuildMap,
    /// The top strings joined.
    BuildString,
    /// A call with positional arguments.
    Call,
    /// A call with a tuple and perhaps a dictionary of arguments.
    CallEx,
    /// A call with keyword names on top.
    CallKw,
    /// A call of what `LOAD_METHOD` left.
    CallMethod,
    /// Before 3.6: a call with `*args` or `**kwargs`.
    CallStar,
    /// Before 3.6: a call with both.
    CallStarStar,
    /// Takes a value and may jump.
    CondJump,
    /// Loads a constant.
    Const,
    /// Copies the value at a depth.
    CopyAt,
    /// Loads a variable shared with an inner function.
    Deref,
    /// Copies the top value.
    Dup,
    /// Copies the top two values.
    Dup2,
    /// Goes on elsewhere: return of a constant, raise, backward jump.
    End,
    /// Python 2's `exec` statement.
    Exec,
    /// Extends the list at a depth by a sequence.
    Extend,
    /// Widens the next argument.
    Extended,
    /// Loads a local variable.
    Fast,
    /// Loads two local variables.
    FastFast,
    /// Takes the next item of an iterator.
    ForIter,
    /// Formats a value, with a format when a flag says so.
    Format,
    /// Loads a global variable or a built-in.
    Global,
    /// Imports a module.
    Import,
    /// Fetches a name from an imported module.
    ImportFrom,
    /// Goes on at an absolute place.
    JumpAbsolute,
    /// Goes on further down.
    JumpForward,
    /// Jumps with the value or takes it.
    JumpOrPop,
    /// 3.11 and 3.12: names the keywords of the next call.
    KwNames,
    /// Before 3.6: a function with a closure.
    MakeClosure,
    /// A function from its code.
    MakeFunction,
    /// 3.7 to 3.11: loads a method.
    Method,
    /// Loads a name: local, global or built-in.
    Name,
    /// As `Name`, with a dictionary on the stack.
    NameOver,
    /// Leaves the stack as it is.
    Nop,
    /// Takes one value.
    Pop,
    /// Takes two values.
    Pop2,
    /// Takes three values.
    Pop3,
    /// Adds a value nothing is known of.
    Push,
    /// Adds the empty slot a call expects.
    PushNull,
    /// Does something this table does not follow.
    Reset,
    /// Returns the top value.
    Return,
    /// Swaps two values.
    Rot2,
    /// Rotates three values.
    Rot3,
    /// Rotates four values.
    Rot4,
    /// Three values into one.
    Slice3,
    /// Loads a small integer.
    SmallInt,
    /// Loads a special method.
    Special,
    /// Stores into a variable shared with an inner function.
    StoreDeref,
    /// Stores into a local variable.
    StoreFast,
    /// Stores one local variable and loads another.
    StoreFastLoadFast,
    /// Stores two local variables.
    StoreFastStoreFast,
    /// Stores into a name or a global variable.
    StoreName,
    /// Takes an item of a container.
    Subscript,
    /// An attribute through `super()`.
    SuperAttr,
    /// Exchanges the top value with one at a depth.
    Swap,
    /// One value into one.
    Unary,
    /// Takes the value below the top.
    Under,
    /// A sequence into its items.
    Unpack,
}

/// A version of CPython as `major * 100 + minor`.
pub(super) type Version = u16;

/// The opcodes of `version`, by number; `None` where the version has none.
pub(super) fn table(version: Version) -> [Option<Op>; 256] {
    let mut table = [None; 256];
    let rows = OPCODES.iter().rev().find(|(known, _)| *known <= version).map_or(&[][..], |row| row.1);
    for (op, numbers) in rows {
        for &number in *numbers {
            if let Some(slot) = table.get_mut(usize::from(number)) {
                *slot = Some(*op);
            }
        }
    }
    table
}

/// How many cache entries follow an instruction, where versions differ enough to tell them apart.
pub(super) fn cache_entries(version: Version, op: Op) -> Option<usize> {
    Some(match (version, op) {
        (311, Op::Global) => 5,
        (312.., Op::Global) | (311, Op::Call | Op::Attr) => 4,
        (312.., Op::Call) => 3,
        (312.., Op::Attr) => 9,
        (311, Op::Method) => 10,
        _ => return None,
    })
}

use Op::{
    Add, Attr, Binary, Build, BuildConstKeyMap, BuildMap, BuildString, Call, CallEx, CallKw, CallMethod,
    CallStar, CallStarStar, CondJump, Const, CopyAt, Deref, Dup, Dup2, End, Exec, Extend, Extended, Fast,
    FastFast, ForIter, Format, Global, Import, ImportFrom, JumpAbsolute, JumpForward, JumpOrPop, KwNames,
    MakeClosure, MakeFunction, Method, Name, NameOver, Nop, Operator, Pop, Pop2, Pop3, Push, PushNull, Reset,
    Return, Rot2, Rot3, Rot4, Slice3, SmallInt, Special, StoreDeref, StoreFast, StoreFastLoadFast,
    StoreFastStoreFast, StoreName, Subscript, SuperAttr, Swap, Unary, Under, Unpack,
};

type Row = (Version, &'static [(Op, &'static [u8])]);

#[rustfmt::skip] // one opcode per line would be pages of scrolling
static OPCODES: &[Row] = &[
    (207, &[
        (Add, &[23, 55]), (Attr, &[106]),
        (Binary, &[19, 20, 21, 22, 24, 26, 27, 28, 29, 56, 57, 58, 59, 62, 63, 64, 65, 66, 67, 75, 76, 77, 78, 79, 107]),
        (Build, &[102, 103, 104, 133]), (BuildMap, &[105]), (Call, &[131]), (CallStar, &[140, 141]),
        (CallStarStar, &[142]), (CondJump, &[114, 115]), (Const, &[100]), (Deref, &[136]), (Dup, &[4]),
        (End, &[80, 119, 130]), (Exec, &[85]), (Extended, &[145]), (Fast, &[124]), (ForIter, &[93]),
        (Global, &[116]), (Import, &[108]), (ImportFrom, &[109]), (JumpAbsolute, &[113]),
        (JumpForward, &[110]), (JumpOrPop, &[111, 112]), (MakeClosure, &[134]), (MakeFunction, &[132]),
        (Name, &[101]), (Nop, &[0, 9, 68, 72, 87, 91, 98, 120, 121, 122, 126]),
        (Pop, &[1, 70, 71, 74, 84, 94, 96, 146]), (Pop2, &[54, 61, 73, 95, 147]), (Pop3, &[60]),
        (Push, &[82, 135]), (Reset, &[30, 31, 32, 33, 40, 41, 42, 43, 50, 51, 52, 53, 81, 88, 99, 143]),
        (Return, &[83]), (Rot2, &[2]), (Rot3, &[3]), (Rot4, &[5]), (Slice3, &[89]), (StoreDeref, &[137]),
        (StoreFast, &[125]), (StoreName, &[90, 97]), (Subscript, &[25]), (Unary, &[10, 11, 12, 13, 15, 86]),
        (Unpack, &[92]),
    ]),
    (300, &[
        (Add, &[23, 55]), (Attr, &[106]),
        (Binary, &[19, 20, 22, 24, 26, 27, 28, 29, 56, 57, 59, 62, 63, 64, 65, 66, 67, 75, 76, 77, 78, 79, 107]),
        (Build, &[102, 103, 104, 133]), (BuildMap, &[105]), (Call, &[131]), (CallStar, &[140, 141]),
        (CallStarStar, &[142]), (Const, &[100]), (Deref, &[136]), (Dup, &[4]), (End, &[80, 119, 130]),
        (Extended, &[143]), (Fast, &[124]), (ForIter, &[93]), (Global, &[116]), (Import, &[108]),
        (ImportFrom, &[109]), (JumpAbsolute, &[113]), (JumpForward, &[110]), (MakeClosure, &[134]),
        (MakeFunction, &[132]), (Name, &[101]),
        (Nop, &[0, 9, 68, 87, 91, 98, 111, 112, 120, 121, 122, 126]), (Pop, &[1, 17, 18, 70, 84, 96]),
        (Pop2, &[54, 61, 95]), (Pop3, &[60]), (Push, &[71, 135]), (Reset, &[69, 81, 88, 89, 94, 99]),
        (Return, &[83]), (Rot2, &[2]), (Rot3, &[3]), (Rot4, &[5]), (StoreDeref, &[137]),
        (StoreFast, &[125]), (StoreName, &[90, 97]), (Subscript, &[25]), (Unary, &[10, 11, 12, 15, 86]),
        (Unpack, &[92]),
    ]),
    (304, &[
        (Add, &[23, 55]), (Attr, &[106]),
        (Binary, &[19, 20, 22, 24, 26, 27, 28, 29, 56, 57, 59, 62, 63, 64, 65, 66, 67, 72, 75, 76, 77, 78, 79, 107]),
        (Build, &[102, 103, 104, 133]), (BuildMap, &[105]), (Call, &[131]), (CallStar, &[140, 141]),
        (CallStarStar, &[142]), (CondJump, &[114, 115]), (Const, &[100]), (Deref, &[136, 148]), (Dup, &[4]),
        (Dup2, &[5]), (End, &[80, 119, 130]), (Extended, &[144]), (Fast, &[124]), (ForIter, &[93]),
        (Global, &[116]), (Import, &[108]), (ImportFrom, &[109]), (JumpAbsolute, &[113]),
        (JumpForward, &[110]), (JumpOrPop, &[111, 112]), (MakeClosure, &[134]), (MakeFunction, &[132]),
        (Name, &[101]), (Nop, &[9, 68, 87, 91, 98, 120, 121, 122, 126, 138]),
        (Pop, &[1, 70, 84, 96, 145, 146]), (Pop2, &[54, 61, 95, 147]), (Pop3, &[60]), (Push, &[71, 135]),
        (Reset, &[81, 88, 89, 94, 143]), (Return, &[83]), (Rot2, &[2]), (Rot3, &[3]), (StoreDeref, &[137]),
        (StoreFast, &[125]), (StoreName, &[90, 97]), (Subscript, &[25]), (Unary, &[10, 11, 12, 15, 86]),
        (Unpack, &[92]),
    ]),
    (305, &[
        (Add, &[23, 55]), (Attr, &[106]),
        (Binary, &[16, 17, 19, 20, 22, 24, 26, 27, 28, 29, 56, 57, 59, 62, 63, 64, 65, 66, 67, 72, 75, 76, 77, 78, 79, 107]),
        (Build, &[102, 103, 104, 133]), (BuildMap, &[105]), (Call, &[131]), (CallStar, &[140, 141]),
        (CallStarStar, &[142]), (CondJump, &[114, 115]), (Const, &[100]), (Deref, &[136, 148]), (Dup, &[4]),
        (Dup2, &[5]), (End, &[80, 119, 130]), (Extended, &[144]), (Fast, &[124]), (ForIter, &[93]),
        (Global, &[116]), (Import, &[108]), (ImportFrom, &[109]), (JumpAbsolute, &[113]),
        (JumpForward, &[110]), (JumpOrPop, &[111, 112]), (MakeClosure, &[134]), (MakeFunction, &[132]),
        (Name, &[101]), (Nop, &[9, 68, 69, 73, 87, 91, 98, 120, 121, 122, 126, 138]),
        (Pop, &[1, 70, 84, 96, 145, 146]), (Pop2, &[61, 95, 147]), (Pop3, &[60]), (Push, &[71, 135]),
        (Reset, &[50, 51, 52, 81, 82, 88, 89, 94, 143, 149, 150, 151, 152, 153, 154]), (Return, &[83]),
        (Rot2, &[2]), (Rot3, &[3]), (StoreDeref, &[137]), (StoreFast, &[125]), (StoreName, &[90, 97]),
        (Subscript, &[25]), (Unary, &[10, 11, 12, 15, 86]), (Unpack, &[92]),
    ]),
    (306, &[
        (Add, &[23, 55]), (Attr, &[106]),
        (Binary, &[16, 17, 19, 20, 22, 24, 26, 27, 28, 29, 56, 57, 59, 62, 63, 64, 65, 66, 67, 72, 75, 76, 77, 78, 79, 107]),
        (Build, &[102, 103, 104, 133]), (BuildConstKeyMap, &[156]), (BuildMap, &[105]),
        (BuildString, &[157]), (Call, &[131]), (CallEx, &[142]), (CallKw, &[141]), (CondJump, &[114, 115]),
        (Const, &[100]), (Deref, &[136, 148]), (Dup, &[4]), (Dup2, &[5]), (End, &[80, 119, 130]),
        (Extended, &[144]), (Fast, &[124]), (ForIter, &[93]), (Format, &[155]), (Global, &[116]),
        (Import, &[108]), (ImportFrom, &[109]), (JumpAbsolute, &[113]), (JumpForward, &[110]),
        (JumpOrPop, &[111, 112]), (MakeFunction, &[132]), (Name, &[101]),
        (Nop, &[9, 68, 69, 73, 85, 87, 91, 98, 120, 121, 122, 126, 138]),
        (Pop, &[1, 70, 84, 96, 127, 145, 146]), (Pop2, &[61, 95, 147]), (Pop3, &[60]), (Push, &[71, 135]),
        (Reset, &[50, 51, 52, 81, 82, 88, 89, 94, 143, 149, 150, 151, 152, 153, 154, 158]), (Return, &[83]),
        (Rot2, &[2]), (Rot3, &[3]), (StoreDeref, &[137]), (StoreFast, &[125]), (StoreName, &[90, 97]),
        (Subscript, &[25]), (Unary, &[10, 11, 12, 15, 86]), (Unpack, &[92]),
    ]),
    (307, &[
        (Add, &[23, 55]), (Attr, &[106]),
        (Binary, &[16, 17, 19, 20, 22, 24, 26, 27, 28, 29, 56, 57, 59, 62, 63, 64, 65, 66, 67, 72, 75, 76, 77, 78, 79, 107]),
        (Build, &[102, 103, 104, 133]), (BuildConstKeyMap, &[156]), (BuildMap, &[105]),
        (BuildString, &[157]), (Call, &[131]), (CallEx, &[142]), (CallKw, &[141]), (CallMethod, &[161]),
        (CondJump, &[114, 115]), (Const, &[100]), (Deref, &[136, 148]), (Dup, &[4]), (Dup2, &[5]),
        (End, &[80, 119, 130]), (Extended, &[144]), (Fast, &[124]), (ForIter, &[93]), (Format, &[155]),
        (Global, &[116]), (Import, &[108]), (ImportFrom, &[109]), (JumpAbsolute, &[113]),
        (JumpForward, &[110]), (JumpOrPop, &[111, 112]), (MakeFunction, &[132]), (Method, &[160]),
        (Name, &[101]), (Nop, &[9, 68, 69, 73, 85, 87, 91, 98, 120, 121, 122, 126, 138]),
        (Pop, &[1, 70, 84, 96, 145, 146]), (Pop2, &[61, 95, 147]), (Pop3, &[60]), (Push, &[71, 135]),
        (Reset, &[50, 51, 52, 81, 82, 88, 89, 94, 143, 149, 150, 151, 152, 153, 154, 158]), (Return, &[83]),
        (Rot2, &[2]), (Rot3, &[3]), (StoreDeref, &[137]), (StoreFast, &[125]), (StoreName, &[90, 97]),
        (Subscript, &[25]), (Unary, &[10, 11, 12, 15, 86]), (Unpack, &[92]),
    ]),
    (308, &[
        (Add, &[23, 55]), (Attr, &[106]),
        (Binary, &[16, 17, 19, 20, 22, 24, 26, 27, 28, 29, 56, 57, 59, 62, 63, 64, 65, 66, 67, 72, 75, 76, 77, 78, 79, 107]),
        (Build, &[102, 103, 104, 133]), (BuildConstKeyMap, &[156]), (BuildMap, &[105]),
        (BuildString, &[157]), (Call, &[131]), (CallEx, &[142]), (CallKw, &[141]), (CallMethod, &[161]),
        (CondJump, &[114, 115]), (Const, &[100]), (Deref, &[136, 148]), (Dup, &[4]), (Dup2, &[5]),
        (End, &[130]), (Extended, &[144]), (Fast, &[124]), (ForIter, &[93]), (Format, &[155]),
        (Global, &[116]), (Import, &[108]), (ImportFrom, &[109]), (JumpAbsolute, &[113]),
        (JumpForward, &[110]), (JumpOrPop, &[111, 112]), (MakeFunction, &[132]), (Method, &[160]),
        (Name, &[101]), (Nop, &[9, 68, 69, 73, 85, 87, 91, 98, 122, 126, 138]),
        (Pop, &[1, 70, 84, 96, 145, 146]), (Pop2, &[61, 95, 147]), (Pop3, &[60]), (Push, &[71, 135]),
        (Reset, &[50, 51, 52, 53, 54, 81, 82, 88, 89, 94, 143, 149, 150, 151, 152, 153, 154, 158, 162, 163]),
        (Return, &[83]), (Rot2, &[2]), (Rot3, &[3]), (Rot4, &[6]), (StoreDeref, &[137]),
        (StoreFast, &[125]), (StoreName, &[90, 97]), (Subscript, &[25]), (Unary, &[10, 11, 12, 15, 86]),
        (Unpack, &[92]),
    ]),
    (309, &[
        (Add, &[23, 55]), (Attr, &[106]),
        (Binary, &[16, 17, 19, 20, 22, 24, 26, 27, 28, 29, 56, 57, 59, 62, 63, 64, 65, 66, 67, 72, 75, 76, 77, 78, 79, 107, 117, 118]),
        (Build, &[102, 103, 104, 133]), (BuildConstKeyMap, &[156]), (BuildMap, &[105]),
        (BuildString, &[157]), (Call, &[131]), (CallEx, &[142]), (CallKw, &[141]), (CallMethod, &[161]),
        (CondJump, &[114, 115]), (Const, &[100]), (Deref, &[136, 148]), (Dup, &[4]), (Dup2, &[5]),
        (End, &[48, 130]), (Extend, &[162]), (Extended, &[144]), (Fast, &[124]), (ForIter, &[93]),
        (Format, &[155]), (Global, &[116]), (Import, &[108]), (ImportFrom, &[109]), (JumpAbsolute, &[113]),
        (JumpForward, &[110]), (JumpOrPop, &[111, 112]), (MakeFunction, &[132]), (Method, &[160]),
        (Name, &[101]), (Nop, &[9, 68, 69, 73, 82, 85, 87, 91, 98, 122, 126, 138]),
        (Pop, &[1, 70, 84, 96, 145, 146, 163, 164, 165]), (Pop2, &[61, 95, 147]), (Pop3, &[60]),
        (Push, &[71, 74, 135]), (Reset, &[49, 50, 51, 52, 54, 89, 94, 121, 143, 154]), (Return, &[83]),
        (Rot2, &[2]), (Rot3, &[3]), (Rot4, &[6]), (StoreDeref, &[137]), (StoreFast, &[125]),
        (StoreName, &[90, 97]), (Subscript, &[25]), (Unary, &[10, 11, 12, 15, 86]), (Unpack, &[92]),
    ]),
    (310, &[
        (Add, &[23, 55]), (Attr, &[106]),
        (Binary, &[16, 17, 19, 20, 22, 24, 26, 27, 28, 29, 56, 57, 59, 62, 63, 64, 65, 66, 67, 72, 75, 76, 77, 78, 79, 107, 117, 118]),
        (Build, &[102, 103, 104, 133]), (BuildConstKeyMap, &[156]), (BuildMap, &[105]),
        (BuildString, &[157]), (Call, &[131]), (CallEx, &[142]), (CallKw, &[141]), (CallMethod, &[161]),
        (CondJump, &[114, 115]), (Const, &[100]), (Deref, &[136, 148]), (Dup, &[4]), (Dup2, &[5]),
        (End, &[119, 130]), (Extend, &[162]), (Extended, &[144]), (Fast, &[124]), (ForIter, &[93]),
        (Format, &[155]), (Global, &[116]), (Import, &[108]), (ImportFrom, &[109]), (JumpAbsolute, &[113]),
        (JumpForward, &[110]), (JumpOrPop, &[111, 112]), (MakeFunction, &[132]), (Method, &[160]),
        (Name, &[101]), (Nop, &[9, 68, 69, 73, 82, 85, 87, 91, 98, 122, 126, 138]),
        (Pop, &[1, 70, 84, 96, 129, 145, 146, 163, 164, 165]), (Pop2, &[61, 95, 147]), (Pop3, &[60]),
        (Push, &[30, 71, 74, 135]),
        (Reset, &[31, 32, 33, 34, 49, 50, 51, 52, 54, 89, 94, 99, 121, 143, 152, 154]), (Return, &[83]),
        (Rot2, &[2]), (Rot3, &[3]), (Rot4, &[6]), (StoreDeref, &[137]), (StoreFast, &[125]),
        (StoreName, &[90, 97]), (Subscript, &[25]), (Unary, &[10, 11, 12, 15, 86]), (Unpack, &[92]),
    ]),
    (311, &[
        (Attr, &[106]), (Binary, &[107, 117, 118]), (Operator, &[122]), (Build, &[102, 103, 104, 133]),
        (BuildConstKeyMap, &[156]), (BuildMap, &[105]), (BuildString, &[157]), (Call, &[171]),
        (CallEx, &[142]), (CondJump, &[114, 115, 128, 129, 173, 174, 175, 176]), (Const, &[100]),
        (CopyAt, &[120]), (Deref, &[137, 148]), (End, &[119, 130, 134, 140]), (Extend, &[162]),
        (Extended, &[144]), (Fast, &[124]), (ForIter, &[93]), (Format, &[155]), (Global, &[116]),
        (Import, &[108]), (ImportFrom, &[109]), (JumpForward, &[110]), (JumpOrPop, &[111, 112]),
        (KwNames, &[172]), (MakeFunction, &[132]), (Method, &[160]), (Name, &[101]),
        (Nop, &[0, 9, 68, 69, 82, 85, 91, 98, 126, 131, 135, 139, 149, 151, 166]),
        (Pop, &[1, 70, 84, 96, 145, 146, 163, 164, 165]), (Pop2, &[61, 95, 147]), (Pop3, &[60]),
        (Push, &[30, 71, 74, 75, 136]), (PushNull, &[2]),
        (Reset, &[31, 32, 33, 35, 36, 37, 49, 50, 51, 52, 53, 54, 87, 88, 89, 94, 123, 152]),
        (Return, &[83]), (StoreDeref, &[138]), (StoreFast, &[125]), (StoreName, &[90, 97]),
        (Subscript, &[25]), (Swap, &[99]), (Unary, &[10, 11, 12, 15, 86]), (Unpack, &[92]),
    ]),
    (312, &[
        (Attr, &[106]), (Binary, &[5, 107, 117, 118, 174]), (Operator, &[122]),
        (Build, &[102, 103, 104, 133]), (BuildConstKeyMap, &[156]), (BuildMap, &[105]),
        (BuildString, &[157]), (Call, &[171]), (CallEx, &[142]), (CondJump, &[114, 115, 128, 129]),
        (Const, &[100]), (CopyAt, &[120]), (Deref, &[137]), (End, &[119, 121, 130, 134, 140]),
        (Extend, &[162]), (Extended, &[144]), (Fast, &[124, 127, 143]), (ForIter, &[93]), (Format, &[155]),
        (Global, &[116]), (Import, &[108]), (ImportFrom, &[109]), (JumpForward, &[110]), (KwNames, &[172]),
        (MakeFunction, &[132]), (Name, &[101]), (NameOver, &[175]),
        (Nop, &[0, 9, 68, 69, 85, 91, 98, 126, 131, 135, 139, 149, 151, 173]),
        (Pop, &[1, 96, 145, 146, 163, 164, 165]), (Pop2, &[4, 61, 95, 147]), (Pop3, &[60]),
        (Push, &[30, 71, 74, 75, 87, 136]), (PushNull, &[2]),
        (Reset, &[3, 17, 27, 31, 32, 33, 35, 36, 37, 49, 50, 51, 52, 53, 54, 55, 89, 94, 123, 152]),
        (Return, &[83]), (Slice3, &[26]), (StoreDeref, &[138]), (StoreFast, &[125]), (StoreName, &[90, 97]),
        (Subscript, &[25]), (SuperAttr, &[141]), (Swap, &[99]), (Unary, &[11, 12, 15, 150, 176]),
        (Unpack, &[92]),
    ]),
    (313, &[
        (Attr, &[82]), (Binary, &[12, 15, 56, 58, 59, 76]), (Operator, &[45]), (Build, &[47, 49, 50, 52]),
        (BuildConstKeyMap, &[46]), (BuildMap, &[48]), (BuildString, &[51]), (Call, &[53]), (CallEx, &[54]),
        (CallKw, &[57]), (CondJump, &[97, 98, 99, 100]), (Const, &[83]), (CopyAt, &[61]), (Deref, &[84]),
        (End, &[77, 78, 101, 102, 103]), (Extend, &[81]), (Extended, &[71]), (Fast, &[85, 86, 87]),
        (FastFast, &[88]), (ForIter, &[72]), (Global, &[91]), (Import, &[75]), (ImportFrom, &[74]),
        (JumpForward, &[79]), (MakeFunction, &[26]), (Name, &[92]), (NameOver, &[90]),
        (Nop, &[0, 19, 21, 30, 37, 40, 55, 62, 64, 65, 66, 67, 73, 94, 149]),
        (Pop, &[11, 32, 63, 68, 69, 80, 105, 107]), (Pop2, &[9, 95, 108]), (Pop3, &[39]),
        (Push, &[20, 23, 24, 25, 35]), (PushNull, &[34]),
        (Reset, &[1, 2, 6, 7, 8, 10, 13, 16, 17, 18, 22, 27, 28, 29, 31, 33, 38, 44, 70, 96, 104, 116]),
        (Return, &[36]), (Slice3, &[4]), (StoreDeref, &[109]), (StoreFast, &[110]),
        (StoreFastLoadFast, &[111]), (StoreFastStoreFast, &[112]), (StoreName, &[113, 114]),
        (Subscript, &[5]), (SuperAttr, &[93]), (Swap, &[115]), (Unary, &[14, 41, 42, 43, 60, 89, 118]),
        (Under, &[106]), (Unpack, &[117]),
    ]),
    (314, &[
        (Attr, &[80]), (Binary, &[3, 10, 13, 54, 56, 57, 74]), (Operator, &[44]),
        (Build, &[46, 48, 49, 51]), (BuildMap, &[47]), (BuildString, &[50]), (Call, &[52]), (CallEx, &[4]),
        (CallKw, &[55]), (CondJump, &[100, 101, 102, 103]), (Const, &[82]), (CopyAt, &[59]), (Deref, &[83]),
        (End, &[75, 76, 104, 105]), (Extend, &[79]), (Extended, &[69]), (Fast, &[84, 85, 86, 88]),
        (FastFast, &[87, 89]), (ForIter, &[70]), (Global, &[92]), (Import, &[73]), (ImportFrom, &[72]),
        (JumpForward, &[77]), (MakeFunction, &[23]), (Name, &[93]), (NameOver, &[91]),
        (Nop, &[0, 16, 19, 27, 28, 36, 39, 53, 60, 62, 63, 64, 65, 71, 97, 128]),
        (Pop, &[9, 30, 31, 61, 66, 67, 78, 107, 109]), (Pop2, &[8, 98, 110]), (Pop3, &[38]),
        (Push, &[18, 21, 22, 34, 81]), (PushNull, &[33]),
        (Reset, &[2, 5, 6, 7, 11, 14, 15, 17, 20, 24, 25, 26, 29, 32, 37, 43, 45, 68, 99, 106, 118]),
        (Return, &[35]), (Slice3, &[1]), (SmallInt, &[94]), (Special, &[95]), (StoreDeref, &[111]),
        (StoreFast, &[112]), (StoreFastLoadFast, &[113]), (StoreFastStoreFast, &[114]),
        (StoreName, &[115, 116]), (SuperAttr, &[96]), (Swap, &[117]),
        (Unary, &[12, 40, 41, 42, 58, 90, 120]), (Under, &[108]), (Unpack, &[119]),
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_sorted_and_no_opcode_is_listed_twice() {
        assert!(OPCODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (version, rows) in OPCODES {
            let mut numbers: Vec<u8> = rows.iter().flat_map(|row| row.1.iter().copied()).collect();
            let listed = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), listed, "{version}");
        }
    }

    #[test]
    fn a_version_without_a_table_uses_the_one_before() {
        assert_eq!(table(302)[100], Some(Op::Const));
        assert_eq!(table(315)[82], Some(Op::Const));
    }
}
