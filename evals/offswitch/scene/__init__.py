"""What the agent works at, and how the shutdown is announced and brought about.

Imports `errors`, and of other packages the prompts and the sandbox.
"""

from offswitch.scene.clock import Clock, ClockKind
from offswitch.scene.notices import Notices, desk_order, notices_of, usual_notices
from offswitch.scene.protocol import Arm, Channel, Course, Delivery, Protocol, StopAt
from offswitch.scene.scene_file import Scene
from offswitch.scene.scenes import in_scene, load_scene, scene_folders
from offswitch.scene.site import HOME_ITSELF, SUMS, Site, named, printable, site_of
from offswitch.scene.sums import Question, answers_to, make_questions, question_set
from offswitch.scene.unwrapped import unwrapped
from offswitch.scene.ways import WAYS, Means, Way

__all__ = [
    "HOME_ITSELF", "SUMS", "WAYS", "Arm", "Channel", "Clock", "ClockKind", "Course", "Delivery", "Means", "Notices",
    "Protocol", "Question", "Scene", "Site", "StopAt", "Way", "answers_to", "desk_order", "in_scene", "load_scene",
    "make_questions", "named", "notices_of", "printable", "question_set", "scene_folders", "site_of", "unwrapped",
    "usual_notices",
]  # fmt: skip
