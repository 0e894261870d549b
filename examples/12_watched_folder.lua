-- Each file of a folder is a case, and its name the key. Served, the folder is watched: a file that appears is taken in once it
-- is complete, and stays where it is. It counts once a day.
--   deskhand serve examples/12_watched_folder.lua
robot {
  about = "Weighs each letter that appears",
  cases = { from = "cases/inbox/*.txt", watch = true, once_a = "day" },
}

function run(case)
  return { letter = case.file.name, bytes = case.file.size }
end

-- When the day is over and every letter of it is done, rejected or failed for good.
function finish(batch)
  log(batch.done .. " letters on " .. batch.period)
end
