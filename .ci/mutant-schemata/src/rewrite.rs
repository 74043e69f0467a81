//! Puts mutants into a source file, each behind a switch. Comments mark their text, so that the place of a compiler's error
//! tells the mutant: `/*<7*/ text of mutant 7 /*>*/`. These never lie in each other: a mutant is made from the original text.
use crate::list::{Mutant, Verdict};
use proc_macro2::Span;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// What was found out by compiling.
#[derive(Default, serde::Serialize, serde::Deserialize)]
pub struct Learned {
    /// These mutants are not in the program.
    pub left_out: BTreeMap<usize, Verdict>,
    /// Functions of these names are called in constants. All others lose their `const`, which would forbid switches.
    pub constant: BTreeSet<String>,
}

/// `mutants`: those of this file.
pub fn rewrite(source: &str, mutants: &[(usize, &Mutant)], learned: &mut Learned) -> syn::Result<String> {
    let (found, wraps) = (HashSet::new(), Vec::new());
    let mut finder = Finder { source, mutants, learned, found, wraps, stays_const: false };
    finder.visit_file(&syn::parse_file(source)?);
    let Finder { found, mut wraps, .. } = finder;
    let unknown = mutants.iter().filter(|(id, _)| !found.contains(id));
    learned.left_out.extend(unknown.map(|(id, _)| (*id, Verdict::Unknown)));

    // Ranges lie in each other or apart. Of two that are the same, the first is outside.
    wraps.sort_by_key(|wrap| (wrap.range.start, usize::MAX - wrap.range.end));
    let mut inserts = Vec::new();
    for (number, wrap) in wraps.iter().enumerate() {
        // What ends at a place comes before what begins there, and the inner end before the outer.
        inserts.push((wrap.range.start, 1, number, wrap.before.as_str()));
        inserts.push((wrap.range.end, 0, usize::MAX - number, wrap.after.as_str()));
    }
    inserts.sort();
    let (mut written, mut at) = (String::new(), 0);
    for (place, _, _, text) in inserts {
        written += &source[at..place];
        written += text;
        at = place;
    }
    Ok(written + &source[at..])
}

fn marked(id: usize, text: &str) -> String {
    format!("/*<{id}*/{text}/*>*/")
}

/// Whose text this place of a rewritten file is in.
pub fn marked_at(source: &str, place: usize) -> Option<usize> {
    let (_, after) = source.get(..place)?.rsplit_once("/*<")?;
    after.split_once("*/").filter(|(_, text)| !text.contains("/*>*/"))?.0.parse().ok()
}

fn is(id: usize) -> String {
    format!("crate::mutant_switch::is({id})")
}

/// Text before and after a range of the source.
struct Wrap {
    range: Range<usize>,
    before: String,
    after: String,
}

struct Finder<'a> {
    source: &'a str,
    mutants: &'a [(usize, &'a Mutant)],
    learned: &'a mut Learned,
    found: HashSet<usize>,
    wraps: Vec<Wrap>,
    /// Whether we are in a function that must stay `const`.
    stays_const: bool,
}

impl<'a> Finder<'a> {
    /// The mutants that begin here, if they are to be tried.
    fn take(&mut self, genre: &str, span: Span) -> Vec<(usize, &'a Mutant)> {
        let (line, column) = (span.start().line, span.start().column + 1);
        let here = |mutant: &Mutant| (mutant.line, mutant.column) == (line, column) && mutant.genre == genre;
        let mut all: Vec<_> = self.mutants.iter().copied().filter(|(_, mutant)| here(mutant)).collect();
        self.found.extend(all.iter().map(|(id, _)| id));
        self.leave_out(&mut all, Verdict::Constant, self.stays_const);
        all
    }

    fn leave_out(&mut self, all: &mut Vec<(usize, &Mutant)>, why: Verdict, condition: bool) {
        for (id, _) in all.iter().filter(|_| condition) {
            self.learned.left_out.entry(*id).or_insert(why);
        }
        all.retain(|(id, _)| !self.learned.left_out.contains_key(id));
    }

    fn wrap(&mut self, range: Range<usize>, before: String, after: impl Into<String>) {
        self.wraps.push(Wrap { range, before, after: after.into() });
    }

    /// An expression of which each mutant replaces a part.
    fn expression(&mut self, whole: Span, part: Range<usize>, mutants: &[(usize, &Mutant)]) {
        let whole = whole.byte_range();
        let (left, right) = (&self.source[whole.start..part.start], &self.source[part.end..whole.end]);
        for (id, mutant) in mutants {
            let mutated = format!("if {} {{ {left}{}{right} }}", is(*id), mutant.replacement);
            self.wrap(whole.clone(), format!("({} else {{ ", marked(*id, &mutated)), " })");
        }
    }

    fn body(&mut self, block: &syn::Block) {
        let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else { return };
        let range = first.span().byte_range().start..last.span().byte_range().end;
        for (id, mutant) in self.take("FnValue", first.span()) {
            let (is, value) = (is(id), &mutant.replacement);
            match value.strip_prefix("::std::iter::").filter(|_| mutant.returns.contains("impl Iterator")) {
                None => self.wrap(range.clone(), marked(id, &format!("if {is} {{ return {value}; }}")) + " ", ""),
                // There is one type for both: what the function gives, cut to nothing, and then an item, or none.
                Some(items) => {
                    let mut end = format!("}}).take(if {is} {{ 0 }} else {{ usize::MAX }})");
                    if let Some(item) = items.strip_prefix("once") {
                        end += &format!(".chain(if {is} {{ Some{item} }} else {{ None }})");
                    }
                    self.wrap(range.clone(), "({ ".to_owned(), marked(id, &end));
                }
            }
        }
    }

    fn function(&mut self, sig: &syn::Signature, block: &syn::Block) {
        let (outer, count) = (self.stays_const, self.wraps.len());
        self.stays_const = sig.constness.is_some() && self.learned.constant.contains(&sig.ident.to_string());
        self.body(block);
        self.visit_block(block);
        if let Some(constness) = sig.constness.filter(|_| self.wraps.len() > count) {
            self.wrap(constness.span.byte_range(), "/*".to_owned(), "*/");
        }
        self.stays_const = outer;
    }
}

/// Whether this is, or has as a part, the `let` of a chain: `&&` is all that can stand beside it.
fn in_let_chain(operand: &syn::Expr) -> bool {
    match operand {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(inner) => in_let_chain(&inner.left) || in_let_chain(&inner.right),
        _ => false,
    }
}

/// `_` or `name`, without a guard.
fn takes_all(arm: &syn::Arm) -> bool {
    let takes_all = match &arm.pat {
        syn::Pat::Wild(_) => true,
        syn::Pat::Ident(pat) => pat.subpat.is_none() && pat.ident.to_string().starts_with(char::is_lowercase),
        _ => false,
    };
    takes_all && arm.guard.is_none()
}

// Parents are visited before their children, so that they are the outer ones where both have the same range.
impl Visit<'_> for Finder<'_> {
    fn visit_item_fn(&mut self, item: &syn::ItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
    }

    fn visit_expr_binary(&mut self, binary: &syn::ExprBinary) {
        let mut mutants = self.take("BinaryOperator", binary.op.span());
        let in_let_chain = in_let_chain(&binary.left) || in_let_chain(&binary.right);
        self.leave_out(&mut mutants, Verdict::Unviable, in_let_chain);
        self.expression(binary.span(), binary.op.span().byte_range(), &mutants);
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &syn::ExprUnary) {
        let mutants = self.take("UnaryOperator", unary.op.span());
        self.expression(unary.span(), unary.op.span().byte_range(), &mutants);
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_struct(&mut self, value: &syn::ExprStruct) {
        for field in value.fields.pairs() {
            let mutants = self.take("StructField", field.value().span());
            self.expression(value.span(), field.span().byte_range(), &mutants);
        }
        visit::visit_expr_struct(self, value);
    }

    fn visit_expr_match(&mut self, value: &syn::ExprMatch) {
        let total = value.arms.iter().any(takes_all);
        for arm in &value.arms {
            let mut mutants = self.take("MatchArm", arm.span());
            // Without this arm, the others would not cover all values.
            let needed = arm.guard.is_none() && (!total || takes_all(arm));
            self.leave_out(&mut mutants, Verdict::Unviable, needed);
            let end = arm.pat.span().byte_range().end;
            let guard = arm.guard.as_ref().map(|(_, guard)| guard.span());
            for (id, _) in mutants {
                let mutated = format!("!{}", is(id));
                match guard {
                    Some(guard) => self.wrap(guard.byte_range(), marked(id, &mutated) + " && (", ")"),
                    None => self.wrap(end..end, marked(id, &format!(" if {mutated}")), ""),
                }
            }
            if let Some(guard) = guard {
                let mutants = self.take("MatchArmGuard", guard);
                self.expression(guard, guard.byte_range(), &mutants);
            }
        }
        visit::visit_expr_match(self, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "const fn f(é: u8) -> T { match é { 1 if g() => é == 1, 2 => !h(), _ => X { é, ..y } } }";

    fn mutant(genre: &str, column: usize, replacement: &str, returns: &str) -> Mutant {
        let [name, file, function] = [const { String::new() }; 3];
        let [genre, replacement, returns] = [genre, replacement, returns].map(str::to_owned);
        Mutant { name, file, genre, line: 1, column, replacement, function, returns }
    }

    #[test]
    fn each_mutant_stands_behind_its_switch_and_is_found_by_its_place() {
        let mutants = [
            mutant("FnValue", 26, "::std::iter::once(1)", "-> impl Iterator<Item = u8>"),
            mutant("FnValue", 26, "a", "-> T"),
            mutant("MatchArm", 36, "", ""),
            mutant("MatchArmGuard", 41, "false", ""),
            mutant("BinaryOperator", 50, "!=", ""),
            mutant("MatchArm", 56, "", ""),
            mutant("UnaryOperator", 61, "", ""),
            mutant("StructField", 76, "", ""),
            mutant("Macro", 1, "", ""),
        ];
        let mutants: Vec<_> = mutants.iter().enumerate().collect();
        let mut learned = Learned::default();
        let text = rewrite(SOURCE, &mutants, &mut learned).expect("Rust").replace("crate::mutant_switch::", "");
        assert_eq!(
            text,
            "/*const*/ fn f(é: u8) -> T { ({ /*<1*/if is(1) { return a; }/*>*/ match é { \
             1 if /*<2*/!is(2)/*>*/ && ((/*<3*/if is(3) { false }/*>*/ else { g() })) => \
             (/*<4*/if is(4) { é != 1 }/*>*/ else { é == 1 }), \
             2/*<5*/ if !is(5)/*>*/ => (/*<6*/if is(6) { h() }/*>*/ else { !h() }), \
             _ => (/*<7*/if is(7) { X {  ..y } }/*>*/ else { X { é, ..y } }) }\
             /*<0*/}).take(if is(0) { 0 } else { usize::MAX }).chain(if is(0) { Some(1) } else { None })/*>*/ }"
        );
        assert_eq!(marked_at(&text, text.find("!=").expect("there")), Some(4));
        assert_eq!(marked_at(&text, text.find("==").expect("there")), None);
        assert_eq!(learned.left_out, [(8, Verdict::Unknown)].into());

        learned.constant.insert("f".to_owned());
        assert_eq!(rewrite(SOURCE, &mutants[..8], &mut learned).expect("Rust"), SOURCE);
        assert!((0..8).all(|id| learned.left_out[&id] == Verdict::Constant));
    }
}
