-- wrk: posts a text a request, from the file named on the command line; prints one line of figures at the end.
local bodies = {}

function init(args)
   for line in io.lines(args[1]) do
      bodies[#bodies + 1] = line
   end
   math.randomseed(tonumber(args[2]))
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
end

function request()
   return wrk.format(nil, nil, nil, bodies[math.random(#bodies)])
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format("figures %d %d %d %d %d\n", summary.requests, summary.duration,
      latency:percentile(50), latency:percentile(99),
      errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
