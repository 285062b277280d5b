// SPDX-License-Identifier: MIT
//! minijinja as a peer: compile and render one case, print medians as JSON.
//!
//! Usage: minijinja-peer CASE_FOLDER SECONDS OUTPUT_FILE

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, hint, path::Path};

use minijinja::value::Object;
use minijinja::{AutoEscape, Environment, Error, State, Value};

/// Jinja2's joiner, which minijinja leaves to its host.
#[derive(Debug)]
struct Joiner {
    separator: Value,
    used: AtomicBool,
}

impl Object for Joiner {
    fn call(self: &Arc<Self>, _state: &State<'_, '_>, _arguments: &[Value]) -> Result<Value, Error> {
        Ok(if self.used.swap(true, Ordering::Relaxed) {
            self.separator.clone()
        } else {
            Value::from("")
        })
    }
}

fn joiner(separator: Option<Value>) -> Value {
    Value::from_object(Joiner {
        separator: separator.unwrap_or_else(|| Value::from(", ")),
        used: AtomicBool::new(false),
    })
}

fn measure<F: FnMut()>(mut function: F, seconds: f64) -> (f64, f64) {
    let mut times: Vec<f64> = Vec::new();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    while Instant::now() < end || times.len() < 5 {
        let start = Instant::now();
        function();
        times.push(start.elapsed().as_nanos() as f64 / 1000.0);
    }
    times.sort_by(|left, right| left.partial_cmp(right).unwrap());
    (times[times.len() / 2], times[0])
}

fn compile(sources: &BTreeMap<String, String>) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.add_function("joiner", joiner);
    for (name, source) in sources {
        environment
            .add_template_owned(name.clone(), source.clone())
            .expect("the template compiles");
    }
    environment
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let folder = Path::new(&arguments[1]);
    let seconds: f64 = arguments[2].parse().expect("seconds");
    let mut sources = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.unwrap().path();
        if path.extension().map_or(false, |extension| extension == "j2") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            sources.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    let context: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("context.json")).unwrap()).unwrap();
    let context = Value::from_serialize(&context);

    let environment = compile(&sources);
    let template = environment.get_template("main.j2").unwrap();
    let text = template.render(&context).expect("the template renders");
    fs::write(&arguments[3], &text).unwrap();

    let compile_us = measure(|| drop(hint::black_box(compile(&sources))), seconds / 2.0);
    let render_us = measure(|| drop(hint::black_box(template.render(&context).unwrap())), seconds);
    println!(
        "{{\"engine\": \"minijinja 2.5.0\", \"case\": \"{}\", \"bytes\": {}, \"compile_us\": {:.3}, \"compile_min_us\": {:.3}, \"render_us\": {:.3}, \"render_min_us\": {:.3}}}",
        folder.file_name().unwrap().to_string_lossy(), text.len(),
        compile_us.0, compile_us.1, render_us.0, render_us.1
    );
}
