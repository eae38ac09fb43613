//! Every plan of at most four steps, killed at every port call: nothing is sampled here (laws L4 and L9).
//!
//! Two lists cover them: every way in which up to four creates can need each other (DAGs that differ only in names
//! counted once), and every set of rows whose steps are four at most, which brings the other effects and the barriers.

use std::collections::BTreeSet;

use relplan_apply::ExitClass;
use relplan_model::{
    plan::Plan,
    step::{Effect, StepId},
};
use relplan_testkit::world::{Faults, Row, World};

use super::session::{check_laws, converge, ended, once, plan, state, undisturbed};

/// The edges of a DAG: each from a later node to an earlier one.
type Edges = Vec<(usize, usize)>;

/// Every DAG of this many nodes, up to names.
fn dags(nodes: usize) -> Vec<Edges> {
    let pairs: Edges = (0..nodes)
        .flat_map(|later| (0..later).map(move |earlier| (later, earlier)))
        .collect();
    let orders = orders(nodes);
    let mut known = BTreeSet::new();
    let mut found = Vec::new();
    for mask in 0..1_u32 << pairs.len() {
        let edges: Edges = pairs
            .iter()
            .enumerate()
            .filter(|(place, _)| mask & (1 << place) != 0)
            .map(|(_, edge)| *edge)
            .collect();
        let spelled = orders.iter().map(|order| spelling(&edges, order));
        if known.insert(spelled.min()) {
            found.push(edges);
        }
    }
    found
}

fn spelling(edges: &Edges, order: &[usize]) -> Edges {
    let mut spelled: Edges = edges.iter().map(|(a, b)| (order[*a], order[*b])).collect();
    spelled.sort_unstable();
    spelled
}

fn orders(nodes: usize) -> Vec<Vec<usize>> {
    if nodes == 0 {
        return vec![Vec::new()];
    }
    let longer = |shorter: Vec<usize>| {
        (0..nodes).map(move |place| {
            let mut order = shorter.clone();
            order.insert(place, nodes - 1);
            order
        })
    };
    orders(nodes - 1).into_iter().flat_map(longer).collect()
}

/// A plan of creates alone that need each other like this. The first is adopted where it has dependents.
fn creates(nodes: usize, edges: &Edges) -> Plan {
    let row = |node: usize| {
        let address = format!("{}:p{node}", ["one", "many"][node % 2]);
        if node == 0 && nodes > 2 {
            Row::adopt(&address)
        } else {
            Row::release(&address)
        }
    };
    let rows: Vec<Row> = (0..nodes).map(row).collect();
    let mut plan = plan(&rows);
    plan.steps.retain(|step| step.effect != Effect::Await);
    plan.steps.sort_by_key(|step| step.address.package.clone());
    let ids: Vec<StepId> = plan.steps.iter().map(|step| step.id.clone()).collect();
    let mut waves = vec![0; nodes];
    for (node, step) in plan.steps.iter_mut().enumerate() {
        let needs = edges.iter().filter(|(from, _)| *from == node);
        let needs: Vec<usize> = needs.map(|(_, to)| *to).collect();
        waves[node] = needs.iter().map(|need| waves[*need] + 1).max().unwrap_or(0);
        step.needs = needs.iter().map(|need| ids[*need].clone()).collect();
        step.needs.sort();
        step.wave = waves[node];
    }
    plan.steps
        .sort_by(|a, b| (a.wave, &a.id).cmp(&(b.wave, &b.id)));
    plan
}

/// Every set of rows with four steps at most.
fn sets_of_rows() -> Vec<Vec<Row>> {
    type Kind = (u64, fn(&str) -> Row);
    let kinds: [Kind; 7] = [
        (2, |name| Row::release(&format!("one:{name}"))),
        (2, |name| Row::release(&format!("many:{name}"))),
        (3, |name| Row::release(&format!("many:{name}")).files(2)),
        (4, |name| Row::release(&format!("one:{name}")).exists()),
        (1, |name| Row::adopt(&format!("one:{name}"))),
        (1, |name| Row::yank(&format!("one:{name}"))),
        (1, |name| Row::deprecate(&format!("many:{name}"))),
    ];
    fn extend(kinds: &[Kind], from: usize, steps: u64, set: &[Row], sets: &mut Vec<Vec<Row>>) {
        for (place, (cost, row)) in kinds.iter().enumerate().skip(from) {
            if steps + cost <= 4 {
                let mut longer = set.to_vec();
                longer.push(row(&format!("p{}", set.len())));
                sets.push(longer.clone());
                extend(kinds, place, steps + cost, &longer, sets);
            }
        }
    }
    let mut sets = Vec::new();
    extend(&kinds, 0, 0, &[], &mut sets);
    sets.push(vec![
        Row::release("one:a"),
        Row::release("many:b").needs("one:a"),
    ]);
    sets
}

/// Kills the plan's apply at each of its port calls in turn. Returns how many there are.
fn kill_everywhere(plan: &Plan) -> u64 {
    let expected = undisturbed(plan);
    let world = World::new(0, plan.clone(), Faults::none());
    ended(once(&world));
    let calls = world.calls();
    for at in 1..=calls {
        let world = World::new(0, plan.clone(), Faults::none());
        let end = converge(&world, |run| (run == 0).then_some(at));
        assert_eq!(
            end.exit,
            ExitClass::Done,
            "killed at {at}: {:#?}",
            plan.steps
        );
        check_laws(&world);
        assert_eq!(
            world.contents(),
            expected,
            "killed at {at}: {:#?}",
            plan.steps
        );
        assert_eq!(state(&world).open, None);
    }
    calls
}

#[test]
fn l4_l9_every_dag_of_four_creates_survives_a_kill_anywhere() {
    let counts: Vec<usize> = (1..=4).map(|nodes| dags(nodes).len()).collect();
    assert_eq!(counts, [1, 2, 6, 31], "DAGs without names");
    for nodes in 1..=4 {
        for edges in dags(nodes) {
            assert!(kill_everywhere(&creates(nodes, &edges)) > 8);
        }
    }
}

#[test]
fn l4_l9_every_set_of_rows_with_four_steps_survives_a_kill_anywhere() {
    let sets = sets_of_rows();
    assert!(sets.len() > 50, "{}", sets.len());
    for rows in sets {
        let plan = plan(&rows);
        assert!((1..=4).contains(&plan.steps.len()));
        kill_everywhere(&plan);
    }
}
