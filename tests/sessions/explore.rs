//! Explores every order of everything that can be delivered to several ends, breadth first. So the first violation
//! found has the shortest path.
//!
//! An end depends only on what was delivered to it. So each end is run once for each sequence of accepted inputs (a
//! *node* of its tree), and a state of the system is one node of each end: two orders that lead to the same nodes are
//! one state. A refused input changes no other end, so it is not followed. An input after which an end has neither sent
//! nor decided anything is delivered as late as possible, directly before the next input with an effect (deliverable
//! inputs only increase). So the nodes between are no states.

use crate::model::system::{Input, System};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The explored system, with at most [`MOST_ENDS`] ends.
pub trait Explored: System {
    /// Whether another end, or a claim, sees a difference after an input.
    fn is_visible(&self, before: &Self::View, after: &Self::View) -> bool;
    /// Whether everything has succeeded. Such states show that the exploration was not empty.
    fn is_good(&self, views: &[&Self::View]) -> bool;
}

pub const MOST_ENDS: usize = 4;
type State = [u16; MOST_ENDS];

/// The result of an exploration.
#[derive(Debug)]
pub struct Report {
    pub states: usize,
    /// Transitions between states, also to known ones.
    pub transitions: usize,
    /// Inputs to the real code.
    pub inputs: usize,
    /// Accepted inputs.
    pub taken: usize,
    /// The greatest number of inputs on a path to a state.
    pub depth: usize,
    /// False: there are states beyond the given depth.
    pub complete: bool,
    /// States in which everything that can succeed has succeeded.
    pub good: usize,
    pub seconds: f64,
    pub broken: Option<Broken>,
}

/// A violated claim, and the path to it.
#[derive(Debug)]
pub struct Broken {
    pub claim: &'static str,
    pub text: String,
    pub way: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { states, transitions, inputs, taken, depth, complete, good, seconds, .. } = self;
        let end = if *complete { "all" } else { "not all" };
        write!(f, "{states} states ({end}, {good} good), {transitions} transitions, {depth} inputs deep; ")?;
        write!(f, "{inputs} inputs to the real code, {taken} taken; {seconds:.1} s")?;
        if let Some(broken) = &self.broken {
            write!(f, "\nBROKEN: {}\n  {}", broken.text, broken.way.join("\n  "))?;
        }
        Ok(())
    }
}

/// One end after a sequence of inputs.
struct Node<S: System> {
    inputs: Vec<Input<S::Act>>,
    view: S::View,
}

/// The known part of an end's tree.
struct Tree<S: System> {
    nodes: Vec<Node<S>>,
    children: HashMap<(u16, S::Act), Option<Child>>,
    own: HashMap<u16, Vec<Child>>,
    learned: HashMap<(u16, usize, u16), Vec<Child>>,
}

/// A node that follows another.
#[derive(Clone, Copy)]
struct Child {
    node: u16,
    visible: bool,
}

struct Explorer<'s, S: Explored> {
    system: &'s S,
    trees: Vec<Tree<S>>,
}

impl<S: Explored> Explorer<'_, S> {
    fn child(&mut self, end: usize, node: u16, input: Input<S::Act>) -> Option<Child> {
        let tree = &mut self.trees[end];
        if let Some(known) = tree.children.get(&(node, input.act.clone())) {
            return *known;
        }
        let before = &tree.nodes[usize::from(node)];
        let inputs = [&before.inputs[..], std::slice::from_ref(&input)].concat();
        let after = self.system.run(end, &inputs).map(|live| self.system.view(end, &live));
        let after = after.map(|view| (self.system.is_visible(&before.view, &view), view));
        let child = after.map(|(visible, view)| {
            tree.nodes.push(Node { inputs, view });
            Child { node: u16::try_from(tree.nodes.len() - 1).expect("fewer than 65,536 nodes"), visible }
        });
        tree.children.insert((node, input.act), child);
        child
    }

    /// The nodes that follow by one input.
    fn children(&mut self, state: &State, end: usize, node: u16) -> Vec<Child> {
        if !self.trees[end].own.contains_key(&node) {
            let inputs = self.system.own(end, &self.trees[end].nodes[usize::from(node)].view);
            let next = inputs.into_iter().filter_map(|input| self.child(end, node, input)).collect();
            self.trees[end].own.insert(node, next);
        }
        let mut all = self.trees[end].own[&node].clone();
        for (other, place) in state.iter().enumerate().take(self.trees.len()) {
            // The end's own messages up to this node.
            let there = if other == end { node } else { *place };
            if !self.trees[end].learned.contains_key(&(node, other, there)) {
                let view = &self.trees[end].nodes[usize::from(node)].view;
                let theirs = &self.trees[other].nodes[usize::from(there)].view;
                let inputs = self.system.learned(end, view, other, theirs);
                let next = inputs.into_iter().filter_map(|input| self.child(end, node, input)).collect();
                self.trees[end].learned.insert((node, other, there), next);
            }
            all.extend(&self.trees[end].learned[&(node, other, there)]);
        }
        all
    }

    /// The visible nodes that follow for this end. The other ends do not move.
    fn next(&mut self, state: &State, end: usize) -> Vec<u16> {
        let (mut open, mut next) = (vec![state[end]], Vec::new());
        while let Some(node) = open.pop() {
            for child in self.children(state, end, node) {
                if child.visible { &mut next } else { &mut open }.push(child.node);
            }
        }
        next.sort_unstable();
        next.dedup();
        next
    }

    fn inputs(&self, state: &State) -> usize {
        self.trees.iter().zip(state).map(|(tree, node)| tree.nodes[usize::from(*node)].inputs.len()).sum()
    }

    fn views(&self, state: &State) -> Vec<&S::View> {
        self.trees.iter().zip(state).map(|(tree, node)| &tree.nodes[usize::from(*node)].view).collect()
    }
}

/// All states within `depth` inputs of the beginning. `stop` ends the exploration when another thread has found
/// something.
pub fn explore<S: Explored>(system: &S, depth: usize, stop: &AtomicBool) -> Report {
    let began = Instant::now();
    system.starts_afresh();
    let trees = (0..system.ends()).map(|end| {
        let view = system.view(end, &system.begin(end));
        let nodes = vec![Node { inputs: Vec::new(), view }];
        Tree { nodes, children: HashMap::new(), own: HashMap::new(), learned: HashMap::new() }
    });
    let mut explorer = Explorer { system, trees: trees.collect() };
    let first: State = [0; MOST_ENDS];
    // Each state with its predecessor, and the end that moved.
    let mut states = vec![(first, 0_usize, 0_usize)];
    let mut known = HashSet::from([first]);
    let mut report = Report {
        states: 0,
        transitions: 0,
        inputs: 0,
        taken: 0,
        depth: 0,
        complete: true,
        good: 0,
        seconds: 0.0,
        broken: None,
    };
    let mut at = 0;
    'all: while at < states.len() {
        if stop.load(Ordering::Relaxed) {
            report.complete = false;
            break;
        }
        let state = states[at].0;
        for end in 0..explorer.trees.len() {
            for node in explorer.next(&state, end) {
                report.transitions += 1;
                let mut next = state;
                next[end] = node;
                if known.contains(&next) {
                    continue;
                }
                let inputs = explorer.inputs(&next);
                if inputs > depth {
                    report.complete = false;
                    continue;
                }
                report.depth = report.depth.max(inputs);
                known.insert(next);
                states.push((next, at, end));
                let views = explorer.views(&next);
                report.good += usize::from(system.is_good(&views));
                if let Err((claim, text)) = system.claims(&views) {
                    report.broken = Some(Broken { claim, text, way: way(&explorer, &states) });
                    stop.store(true, Ordering::Relaxed);
                    break 'all;
                }
            }
        }
        at += 1;
    }
    report.states = states.len();
    for tree in &explorer.trees {
        report.inputs += tree.children.len();
        report.taken += tree.children.values().flatten().count();
    }
    report.seconds = began.elapsed().as_secs_f64();
    report
}

/// The path to the last state.
fn way<S: Explored>(explorer: &Explorer<'_, S>, states: &[(State, usize, usize)]) -> Vec<String> {
    let mut way = Vec::new();
    let mut at = states.len() - 1;
    while at > 0 {
        let (state, from, end) = &states[at];
        let inputs = |state: &State| &explorer.trees[*end].nodes[usize::from(state[*end])].inputs;
        let new = &inputs(state)[inputs(&states[*from].0).len()..];
        way.extend(new.iter().rev().map(|input| format!("to {}: {}", explorer.system.name(*end), input.what)));
        at = *from;
    }
    way.reverse();
    way
}
