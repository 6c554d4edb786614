//! JavaScript and TypeScript: servers of tools, agents and services around models.
//!
//! A text is split into tokens ([`lexer`]) in which strings, templates, regular expressions and JSX are told apart; calls,
//! names and where their values come from ([`program`], [`origin`]) are read from those, and judged by [`judge`]. Nothing is
//! parsed as a whole and nothing is run. Cost: linear in the source but for expressions, of which each is read to a bound.
//! Source: ECMA-262 (2025), sections 12.5 to 12.9; the JSX draft specification.

mod component;
mod digests;
mod fetched;
mod judge;
mod lexer;
mod listening;
mod messages;
mod neighbours;
mod origin;
mod program;
mod reader;
mod signing;
mod sinks;
mod told;

pub(crate) use reader::JavaScript;
pub(crate) use told::told;
