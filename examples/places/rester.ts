import { agent, here, receive, send, sleep } from 'lander/agent'

/** Sums up a little, rests a little, over and over, until it is told to stop. */
export default agent(async () => {
  let [rounds, stop] = [0, false]
  const places = new Set<string>()
  void receive().then(() => {
    stop = true
  })
  send('at work')
  while (!stop) {
    places.add(here.region)
    rounds++
    await sleep(10)
  }
  return { rounds, places: [...places] }
})
