//! JSON with comments, as editors write it, made readable as YAML: lengths are kept.

use std::borrow::Cow;

/// `text` with `//` and `/* */` outside strings turned to spaces, and tabs to spaces; borrowed when there are none.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains("//") && !text.contains("/*") && !text.contains('\t') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        match (quoted, character, characters.peek()) {
            (true, '\\', Some(_)) => {
                out.push(character);
                out.extend(characters.next());
            }
            (_, '"', _) => {
                quoted = !quoted;
                out.push(character);
            }
            (false, '\t', _) => out.push(' '),
            (false, '/', Some('/')) => {
                out.push(' ');
                while let Some(inside) = characters.next_if(|&next| next != '\n') {
                    blank(&mut out, inside);
                }
            }
            (false, '/', Some('*')) => {
                out.push(' ');
                let mut before = ' ';
                for inside in characters.by_ref() {
                    blank(&mut out, inside);
                    if before == '*' && inside == '/' {
                        break;
                    }
                    before = inside;
                }
            }
            _ => out.push(character),
        }
    }
    Cow::Owned(out)
}

fn blank(out: &mut String, character: char) {
    if character == '\n' {
        out.push('\n');
    } else {
        out.extend(std::iter::repeat_n(' ', character.len_utf8()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_spaces_and_addresses_in_strings_stay() {
        let text = "{\"a\": \"http://x\", // é\n/* b */ \"c\": 1}";
        let plain = plain(text);
        assert_eq!(plain.len(), text.len());
        assert_eq!(plain.trim_end(), "{\"a\": \"http://x\",      \n        \"c\": 1}");
    }
}
