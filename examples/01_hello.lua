-- The smallest robot: it says hello and ends. Run it:  deskhand run examples/01_hello.lua
robot {
  about = "Says hello",
}

function run(case)
  log("Hello, this is case " .. case.key)
  return { greeting = "Hello" }
end
