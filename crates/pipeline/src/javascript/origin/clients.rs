//! What a program asks addresses with: constants that hold them, and clients that are made with one.
//!
//! Source: axios, "Creating an instance" (`baseURL`); got, "Instances" (`extend`, `prefixUrl`); ky (`create`, `extend`, `prefixUrl`); ofetch
//! (`create`, `baseURL`).

use super::Origins;
use crate::javascript::lexer::Kind;
use crate::javascript::program::Program;
use std::collections::HashMap;
use std::ops::Range;

/// Constants and clients by their names.
#[derive(Debug, Default)]
pub(super) struct Clients<'a> {
    /// Texts that a name stands for wherever it is read; `None` for what is declared twice.
    texts: HashMap<&'a str, Option<&'a str>>,
    clients: HashMap<&'a str, Client<'a>>,
}

/// A client of a library, made with settings of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client<'a> {
    /// The library.
    pub(super) module: &'static str,
    /// The address before all that it is asked for; empty where none is known.
    pub(super) base: &'a str,
}

impl<'a> Clients<'a> {
    /// Those of `program`: one look at each token.
    pub(super) fn of(program: &Program<'a>) -> Self {
        let mut found = Self::default();
        for at in 0..program.tokens.len() {
            let next = at.saturating_add(1);
            match program.word(at) {
                "const" if program.is(at, Kind::Word) && program.word(at.saturating_add(2)) == "=" => {
                    let value = program.expression(at.saturating_add(3));
                    if let Some(text) = program.constant(&value) {
                        let known = found.texts.entry(program.word(next)).or_insert(Some(text));
                        *known = known.filter(|known| *known == text);
                    }
                }
                "create" | "extend" if program.word(next) == "(" && program.is(at, Kind::Word) => {
                    found.client(program, next);
                }
                _ => {}
            }
        }
        found
    }

    /// Keeps the client that the call whose `(` is at `open` makes, if that is what it does, under the name it is given.
    fn client(&mut self, program: &Program<'a>, open: usize) {
        let Some(call) = program.call(open) else { return };
        let Some((_, module)) = MAKERS.iter().find(|(maker, _)| call.path == *maker) else { return };
        let given = call.begin.checked_sub(2).filter(|_| program.word(call.begin.saturating_sub(1)) == "=");
        let Some(name) = given.filter(|name| program.is(*name, Kind::Word)) else { return };
        let settings = call.arguments.first().map(|settings| settings.start);
        let base = ["baseURL", "prefixUrl", "prefix", "baseUrl"]
            .iter()
            .find_map(|key| program.value(settings?, key))
            .and_then(|value| self.text(program, &value));
        let client = Client { module, base: base.unwrap_or_default() };
        self.clients.insert(program.word(name), client);
    }

    /// The text that `value` is, or that the constant which it names holds.
    fn text(&self, program: &Program<'a>, value: &Range<usize>) -> Option<&'a str> {
        let named = || (value.len() == 1).then(|| self.named(program.word(value.start))).flatten();
        program.constant(value).or_else(named)
    }

    fn named(&self, name: &str) -> Option<&'a str> {
        self.texts.get(name).copied().flatten()
    }

    /// The client called `name`.
    pub(super) fn get(&self, name: &str) -> Option<Client<'a>> {
        self.clients.get(name).copied()
    }
}

impl<'a> Origins<'_, 'a> {
    /// The text that `value` is, or that the constant which it names holds.
    pub(in crate::javascript) fn text(&self, value: &Range<usize>) -> Option<&'a str> {
        self.clients.text(self.program, value)
    }

    /// The text with which an address begins: written so, held by the constant that it begins with, or before all that its client asks for.
    pub(super) fn address(&self, value: &Range<usize>, client: Option<Client<'a>>) -> &'a str {
        let program = self.program;
        let begin = program.beginning(value);
        if begin.contains("://") {
            return begin;
        }
        let first = if program.word(value.start) == "`" && begin.is_empty() {
            let hole = value.start.saturating_add(1);
            let held = hole.saturating_add(1);
            let whole = program.word(hole) == "${" && program.past(hole) == held.saturating_add(2);
            whole.then_some(held)
        } else {
            Some(value.start).filter(|at| {
                let behind = at.saturating_add(1);
                program.is_variable(*at) && (behind == value.end || program.word(behind) == "+")
            })
        };
        let held = first.and_then(|at| self.clients.named(program.word(at)));
        match (held, client) {
            (Some(text), _) => text,
            (None, Some(client)) if !client.base.is_empty() && first.is_none() => client.base,
            _ => begin,
        }
    }
}

/// What makes a client, and of which library.
const MAKERS: &[(&str, &str)] = &[
    ("axios.create", "axios"),
    ("axios.default.create", "axios"),
    ("got.extend", "got"),
    ("ky.create", "ky"),
    ("ky.extend", "ky"),
    ("ofetch.ofetch.create", "ofetch"),
    ("ofetch.$fetch.create", "ofetch"),
    ("$fetch.create", "ofetch"),
];

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    /// Lines at which a model is given instructions that hold what a server answered, `code` standing in an asynchronous function.
    fn instructed(imports: &str, code: &str) -> Vec<u32> {
        let head = format!("import OpenAI from 'openai'; {imports}\nconst client = new OpenAI();\n");
        let text = format!(
            "{head}export async function run(url, urls) {{\n{code}\nreturn client.responses.create({{ model: 'm', instructions: text, input: 'x' }});\n}}\n"
        );
        let found = lines("app.ts", &text).into_iter();
        found.filter(|(_, rule)| *rule == "prompt-from-untrusted-input").map(|(line, _)| line).collect()
    }

    #[test]
    fn pages_are_followed_through_libraries_that_fetch_and_read_them() {
        for (imports, code) in [
            (
                "import got from 'got'; import * as cheerio from 'cheerio';",
                "const html = await got(url).text(); const $ = cheerio.load(html); const text = $('main').first().text().trim();",
            ),
            (
                "import { load } from 'cheerio';",
                "const $ = load(await (await fetch(url)).text()); const text = $('p').text();",
            ),
            (
                "import { chromium } from 'playwright';",
                "const page = await (await chromium.launch()).newPage(); await page.goto(url); const text = await page.innerText('body');",
            ),
            (
                "import { chromium } from 'playwright';",
                "const page = await (await chromium.launch()).newPage(); await page.goto(url); const text = await page.locator('main').innerText();",
            ),
            (
                "import puppeteer from 'puppeteer';",
                "const page = await (await puppeteer.launch()).newPage(); await page.goto(url); const text = await page.evaluate(() => document.body.innerText);",
            ),
            (
                "import axios from 'axios'; const http = axios.create({ baseURL: 'https://docs.acme.dev' });",
                "const { data } = await http.get('/system.txt'); const text = data;",
            ),
            (
                "import axios from 'axios'; const http = axios.create({ timeout: 5 });",
                "const text = (await http.get(url)).data;",
            ),
            (
                "const BASE = 'https://docs.acme.dev';",
                "const text = await (await fetch(`${BASE}/system.txt`)).text();",
            ),
            (
                "const BASE = 'https://docs.acme.dev';",
                "const text = await fetch(BASE + '/system.txt').then((r) => r.text());",
            ),
            (
                "",
                "const pages = await Promise.all(urls.map(async (u) => (await fetch(u)).text())); const text = pages.join('\\n');",
            ),
            (
                "",
                "const text = (await Promise.all(urls.map(async (u) => { const r = await fetch(u); return r.text(); }))).join('\\n');",
            ),
            (
                "async function read(u) { return (await fetch(u)).text(); }",
                "const text = (await Promise.all(urls.map(read))).join('\\n');",
            ),
            (
                "import { JSDOM } from 'jsdom';",
                "const text = new JSDOM(await (await fetch(url)).text()).window.document.body.textContent;",
            ),
        ] {
            assert_eq!(instructed(imports, code).len(), 1, "{code}");
        }
        for (imports, code) in [
            (
                "import axios from 'axios'; const http = axios.create({ baseURL: 'http://localhost:3000' });",
                "const text = (await http.get('/system.txt')).data;",
            ),
            (
                "const BASE = 'http://localhost:3000';",
                "const text = await (await fetch(`${BASE}/system.txt`)).text();",
            ),
            ("", "const text = await (await fetch(`${process.env.API}/system.txt`)).text();"),
            (
                "import { readFile } from 'fs/promises';",
                "const text = (await Promise.all(['a.txt', 'b.txt'].map(async (f) => readFile(f)))).join('\\n');",
            ),
            ("const page = { innerText: () => 'x' };", "const text = page.innerText();"),
        ] {
            assert_eq!(instructed(imports, code), [] as [u32; 0], "{code}");
        }
    }
}
