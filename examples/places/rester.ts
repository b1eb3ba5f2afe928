import { agent, here, receive, send, sleep } from 'lander/agent'

/** Computes a little and sleeps a little, repeatedly, until it receives a message. */
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
