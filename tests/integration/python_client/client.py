# SPDX-License-Identifier: MIT
"""A node in Python that dials another one, written from proto/README.md alone.

It has no actors, only refs that it says are its own. All happens in the calls of its user, in one
thread; while he makes none nothing is acknowledged and nothing heard.
"""

import collections
import struct
import time

import envelope_pb2 as e
import greeting_pb2
import ref_pb2
import session_pb2 as s
import zmq
from zmq.utils.monitor import recv_monitor_message

VERSION = 1
FRAMES_MAX = 1024
BYTES_MAX = 4 << 20
HELLO_S = 0.2
PROBE_S = 0.05
SPEAK_S = 0.5
DEAD_S = 15.0
KNOCK_S = 5.0


class Lost(Exception):
    """The session is lost: what was under way may have been handled or not."""


class Link:
    """Two DEALERs, which dial once. It is up when both sides have greeted each other."""

    def __init__(self, context, endpoint, incarnation, number, greeting, keys):
        mark = struct.pack(">QQ", incarnation, number)
        self.sockets = []
        self.greeting = greeting
        self.theirs = None
        self.is_answered = False
        self.is_broken = False
        self.until = time.monotonic() + KNOCK_S
        self.monitors = []
        for channel in (b"c", b"d"):
            socket = context.socket(zmq.DEALER)
            socket.setsockopt(zmq.ROUTING_ID, channel + mark)
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RECONNECT_IVL, -1)
            socket.setsockopt(zmq.SNDHWM, 0)
            socket.setsockopt(zmq.RCVHWM, 0)
            if keys is not None:
                server, public, secret = keys
                socket.setsockopt(zmq.CURVE_SERVERKEY, server)
                socket.setsockopt(zmq.CURVE_PUBLICKEY, public)
                socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
            self.monitors.append(socket.get_monitor_socket(zmq.EVENT_DISCONNECTED))
            socket.connect(endpoint)
            socket.send(b"")
            self.sockets.append(socket)
        self.control, self.data = self.sockets

    def close(self):
        for socket, monitor in zip(self.sockets, self.monitors):
            socket.disable_monitor()
            monitor.close()
            socket.close()

    def send(self, socket, message):
        try:
            socket.send(message, zmq.DONTWAIT)
        except zmq.Again:  # there is nobody any more: what it was is lost
            self.is_broken = True

    def receive(self):
        """The words that have come, behind the handshake and the greeting."""
        for monitor in self.monitors:
            while monitor.poll(0):
                recv_monitor_message(monitor)
                self.is_broken = True
        if self.theirs is None and time.monotonic() > self.until:
            self.is_broken = True
        for socket in self.sockets:
            while socket.poll(0):
                message = socket.recv()
                if not self.is_answered:
                    self.is_answered = True
                    self.send(self.control, self.greeting)
                elif self.theirs is None:
                    self.theirs = greeting_pb2.Greeting.FromString(message)
                else:
                    yield message


class Session:
    """One end of a session: its words, over whatever link there is."""

    def __init__(self, own):
        self.own = own
        self.other = 0
        self.number = 1
        self.their_number = 0
        self.is_lost = False
        self.begin()

    def begin(self):
        self.is_open = False
        self.received = 0
        self.sequence = 0
        self.window = collections.deque()  # sent and not acknowledged: (sequence, frame, since)
        self.frames_max = 1
        self.bytes_max = 1 << 20
        self.connect()

    def connect(self):
        """A new link: nothing is sent before the other has said what it has received."""
        self.is_ready = False
        self.wants_ack = False
        self.hello_at = 0.0
        self.probe_at = 0.0
        self.probe_pause = PROBE_S
        self.spoke_at = self.heard_at = time.monotonic()

    def say(self, link, kind, **fields):
        word = s.Word(kind=kind, to=self.other, session=self.number, received=self.received,
                      **{"from": self.own}, **fields)
        on_data = kind in (s.DATA, s.PROBE) or word.reason == s.LEAVING
        link.send(link.data if on_data else link.control, word.SerializeToString())
        self.spoke_at = time.monotonic()
        self.wants_ack = self.wants_ack and kind not in (s.ACK, s.DATA)

    def hello(self, link):
        self.say(link, s.HELLO, known=self.their_number, version_least=VERSION,
                 version_most=VERSION, frames_max=FRAMES_MAX, bytes_max=BYTES_MAX)
        self.hello_at = time.monotonic() + HELLO_S

    def has_room(self, size):
        used = sum(len(frame) for _, frame, _ in self.window)
        return self.is_open and len(self.window) < self.frames_max and \
            used + size <= self.bytes_max

    def send(self, link, frame):
        """There is room."""
        now = time.monotonic()
        self.sequence += 1
        self.window.append((self.sequence, frame, now))
        if link is not None and self.is_ready:
            self.say(link, s.DATA, sequence=self.sequence, frame=frame)
        if len(self.window) == 1:
            self.probe_at = now + PROBE_S

    def send_again(self, link):
        for sequence, frame, since in self.window:
            age = time.monotonic() - since
            self.say(link, s.DATA, sequence=sequence, frame=frame, age_ns=int(age * 1e9))

    def lose(self):
        was_open = self.is_open
        self.number += 1
        self.begin()
        self.is_lost = self.is_lost or was_open

    def acknowledge(self, received):
        while self.window and self.window[0][0] <= received:
            self.window.popleft()
            self.probe_pause = PROBE_S
            self.probe_at = time.monotonic() + self.probe_pause

    def get_ready(self, link, received):
        self.is_open = True
        self.acknowledge(received)
        if not self.is_ready:
            self.is_ready = True
            self.send_again(link)

    def hear_hello(self, link, word):
        if self.their_number and word.session > self.their_number:
            self.lose()
            self.their_number = 0
        if word.session < self.their_number:
            self.hello(link)
            return
        is_first = self.their_number == 0
        self.their_number = word.session
        self.frames_max = max(1, word.frames_max)
        self.bytes_max = max(1 << 20, word.bytes_max)
        if word.known == self.number:
            self.get_ready(link, word.received)
        if is_first or word.known != self.number:
            self.hello(link)
        else:
            self.say(link, s.ACK)

    def hear(self, link, word):
        """Gives the frame that is in it, if it is the next one."""
        self.heard_at = time.monotonic()
        if word.to != self.own:
            self.say(link, s.BYE, reason=s.OVER, over=word.to)
            return None
        if getattr(word, "from") != self.other:
            return None
        if word.kind == s.BYE:
            self.lose()
            link.is_broken = True
            return None
        if word.kind == s.HELLO:
            self.hear_hello(link, word)
            return None
        if word.session != self.their_number:
            self.hello(link)
            return None
        self.get_ready(link, word.received)
        if word.kind == s.ACK and word.again:
            self.send_again(link)
        elif word.kind == s.PROBE:
            self.say(link, s.ACK, again=word.sequence > self.received)
        elif word.kind == s.DATA and word.sequence == self.received + 1:
            self.received += 1
            self.wants_ack = True
            return word.frame
        elif word.kind == s.DATA:
            self.say(link, s.ACK, again=word.sequence > self.received)
        return None

    def tick(self, link):
        now = time.monotonic()
        if not self.is_ready and now >= self.hello_at:
            self.hello(link)
        if self.wants_ack or now >= self.spoke_at + SPEAK_S:
            self.say(link, s.ACK)
        if self.window and self.is_ready and now >= self.probe_at:
            self.say(link, s.PROBE, sequence=self.sequence)
            self.probe_pause *= 2
            self.probe_at = now + self.probe_pause
        if self.is_open and now >= self.heard_at + DEAD_S:
            self.lose()
            link.is_broken = True


class Client:
    """A node. `keys`: the other's public key, and the own public and secret one; None: plain."""

    def __init__(self, endpoint, name, keys=None):
        self.endpoint = endpoint
        self.incarnation = time.time_ns()
        self.keys = keys
        self.greeting = greeting_pb2.Greeting(version_least=VERSION, version_most=VERSION,
                                              node=self.incarnation,
                                              name=name).SerializeToString()
        self.context = zmq.Context()
        self.link = None
        self.links = 0
        self.session = Session(self.incarnation)
        self.connection = 1
        self.frames = 0
        self.their_connection = 0
        self.numbers = 0
        self.answers = {}
        self.waiting = collections.deque()  # frames that the window has no room for

    def close(self):
        """In order: the other is told."""
        if self.link is not None and self.link.theirs is not None:
            self.session.say(self.link, s.BYE, reason=s.LEAVING)
            for socket in self.link.sockets:
                socket.setsockopt(zmq.LINGER, 1000)
        if self.link is not None:
            self.link.close()
        self.context.term()

    def look(self):
        """Makes a link if there is none, takes in what has come, says what is due."""
        if self.link is not None and self.link.is_broken:
            self.link.close()
            self.link = None
        if self.link is None:
            self.links += 1
            self.link = Link(self.context, self.endpoint, self.incarnation, self.links,
                             self.greeting, self.keys)
            self.session.connect()
        for message in self.link.receive():
            frame = self.session.hear(self.link, s.Word.FromString(message))
            if frame is not None:
                self.accept(e.Frame.FromString(frame))
        if self.link.theirs is not None and not self.link.is_broken:
            if self.session.other == 0:
                self.session.other = self.link.theirs.node
            self.session.tick(self.link)
        if self.session.is_lost:
            self.session.is_lost = False
            self.connection += 1
            self.frames = 0
            self.answers.clear()
            self.waiting.clear()
            raise Lost()
        self.flush()

    def wait(self, condition, timeout=30.0):
        until = time.monotonic() + timeout
        self.look()
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError()
            poller = zmq.Poller()
            if self.link is not None:
                for socket in self.link.sockets + self.link.monitors:
                    poller.register(socket, zmq.POLLIN)
            poller.poll(10)
            self.look()

    def flush(self):
        if self.session.is_open and self.frames == 0:  # the first of a connection, be it empty
            self.put([])
        while self.waiting and self.session.has_room(len(self.waiting[0])):
            self.session.send(self.link, self.waiting.popleft())

    def put(self, envelopes):
        self.frames += 1
        frame = e.Frame(to=self.session.other, connection=self.connection, sequence=self.frames,
                        envelopes=envelopes, **{"from": self.incarnation})
        self.waiting.append(frame.SerializeToString())

    def accept(self, frame):
        if frame.gone or frame.connection < self.their_connection:
            return
        self.their_connection = frame.connection
        for envelope in frame.envelopes:
            if envelope.kind in (e.REPLY, e.DOWN, e.SPAWNED):
                self.answers[envelope.number] = envelope

    # What a program does with it.

    def own_ref(self):
        return ref_pb2.Ref(node=self.incarnation, slot=1, generation=1)

    def number(self):
        self.numbers += 1
        return self.numbers

    def to_here(self, ref):
        """As it is said to the ref's own node."""
        return ref_pb2.Ref(slot=ref.slot, generation=ref.generation, seal=ref.seal)

    def connect(self):
        self.wait(lambda: self.session.is_open)

    def request(self, timeout=30.0, **fields):
        number = self.number()
        self.put([e.Envelope(number=number, budget_ns=int(timeout * 1e9),
                             **{"from": self.own_ref()}, **fields)])
        return number

    def answer(self, number, timeout=30.0):
        self.wait(lambda: number in self.answers, timeout)
        return self.answers.pop(number)

    def lookup(self, name):
        answer = self.answer(self.request(kind=e.LOOKUP, name=name))
        return None if answer.error else getattr(answer, "from")

    def ask(self, to, form, type_name, body):
        return self.answer(self.request(kind=e.ASK, to=self.to_here(to), form=form,
                                        type=type_name, body=body))

    def tell(self, to, form, type_name, bodies):
        """Any number of messages, in order."""
        envelopes = [e.Envelope(kind=e.TELL, to=self.to_here(to), form=form, type=type_name,
                                body=body, **{"from": self.own_ref()}) for body in bodies]
        for i in range(0, len(envelopes), 100):
            self.put(envelopes[i:i + 100])
        self.look()

    def spawn(self, name):
        """The answer, and the number by which its end will be told."""
        monitor = self.number()
        answer = self.answer(self.request(kind=e.SPAWN, name=name, monitor=monitor))
        return answer, monitor

    def monitor(self, to):
        return self.request(kind=e.MONITOR, to=self.to_here(to))

    def stop(self, to):
        self.put([e.Envelope(kind=e.SIGNAL, to=self.to_here(to), signal=e.SIGNAL_STOP)])
