//! Text on a grid: every character takes 0, 1 or 2 cells of a monospaced font.

use unicode_normalization::char::is_combining_mark;

/// What is shown for a character: pictures of controls, and no character that XML forbids or that turns the direction of
/// what follows it.
pub(super) fn shown(c: char) -> char {
    match c {
        '\n' => '\n',
        '\t' => ' ',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            '\u{fffd}'
        }
        _ if u32::from(c) & 0xfffe == 0xfffe => '\u{fffd}',
        _ => c,
    }
}

/// Cells of a character.
pub(super) fn width(c: char) -> usize {
    match c {
        '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ if is_combining_mark(c) => 0,
        _ => 1,
    }
}

/// Cells of a text.
pub(super) fn cells(text: &[char]) -> usize {
    text.iter().map(|c| width(*c)).sum()
}

/// The characters `[start, end)`, as far as they are there.
pub(super) fn slice(chars: &[char], start: usize, end: usize) -> &[char] {
    let end = end.min(chars.len());
    chars.get(start.min(end)..end).unwrap_or_default()
}

/// Ranges of lines of at most `columns` cells, broken behind spaces where there are some, and at line breaks, which belong to
/// no line. At most `most` lines; the second value is whether the whole text is in them.
pub(super) fn wrap(text: &[char], columns: usize, most: usize) -> (Vec<(usize, usize)>, bool) {
    let mut lines = Vec::new();
    let (mut start, mut used) = (0, 0);
    // Where the line may be broken, and the cells before that place.
    let mut space: Option<(usize, usize)> = None;
    for (at, c) in text.iter().enumerate() {
        if lines.len() == most {
            return (lines, false);
        }
        if *c == '\n' {
            lines.push((start, at));
            (start, used, space) = (at + 1, 0, None);
            continue;
        }
        if used + width(*c) > columns {
            let (end, before) = space.filter(|(end, _)| *end > start).unwrap_or((at, used));
            lines.push((start, end));
            (start, used, space) = (end, used - before, None);
        }
        used += width(*c);
        if c.is_whitespace() {
            space = Some((at + 1, used));
        }
    }
    if lines.len() == most {
        return (lines, start >= text.len());
    }
    lines.push((start, text.len()));
    (lines, true)
}

/// A text on one line, with an ellipsis where it has more than `columns` cells.
pub(super) fn cut(text: &[char], columns: usize) -> String {
    let line = |c: &char| if *c == '\n' { ' ' } else { *c };
    if cells(text) <= columns {
        return text.iter().map(line).collect();
    }
    let mut used = 0;
    let kept = text.iter().take_while(|c| {
        used += width(**c);
        used < columns
    });
    kept.map(line).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, columns: usize, most: usize) -> (Vec<String>, bool) {
        let chars: Vec<char> = text.chars().collect();
        let (lines, whole) = wrap(&chars, columns, most);
        (lines.into_iter().map(|(start, end)| chars[start..end].iter().collect()).collect(), whole)
    }

    #[test]
    fn lines_break_behind_spaces() {
        assert_eq!(wrapped("ab cd ef", 5, 9).0, ["ab ", "cd ef"]);
        assert_eq!(wrapped("abcdefgh", 3, 9).0, ["abc", "def", "gh"]);
        assert_eq!(wrapped("a\n\nb", 3, 9).0, ["a", "", "b"]);
        assert_eq!(wrapped("e\u{301}e\u{301}e\u{301}", 2, 9).0, ["e\u{301}e\u{301}", "e\u{301}"]);
        assert_eq!(wrapped("界界界", 4, 9).0, ["界界", "界"]);
        assert_eq!(wrapped("a b c", 1, 2), (vec!["a".to_owned(), " ".to_owned()], false));
        assert_eq!(wrapped("", 4, 9), (vec![String::new()], true));
    }

    #[test]
    fn long_texts_are_cut() {
        let chars: Vec<char> = "abcdef".chars().collect();
        assert_eq!(cut(&chars, 6), "abcdef");
        assert_eq!(cut(&chars, 5), "abcd…");
    }

    #[test]
    fn controls_are_shown() {
        assert_eq!(shown('\u{1b}'), '\u{241b}');
        assert_eq!(shown('\u{202e}'), '\u{fffd}');
        assert_eq!(shown('\u{ffff}'), '\u{fffd}');
        assert_eq!(shown('ğ'), 'ğ');
    }
}
