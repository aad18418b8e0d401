"""The factory hall as a model of the simulator: what stands in it, and how it can move.

x grows to the right of the picture, y away from the camera, z upwards; metres. The hall's fixed
things and the robot are grey, so that turning a picture's hues changes the table and the box only.
"""

HALF_HALL = 2.5
"""Half the hall's width and depth."""
HALL = 2 * HALF_HALL
CAMERA = "above"
LIGHT = "lamp"
AWAY = 50.0
"""How far a box that is absent is lifted: out of the camera's sight and of everything's reach."""
JOINTS = (
    *("robot x", "robot y", "heading", "shoulder", "elbow"),
    *("table x", "table y", "orientation", "box lift"),
)
"""The joints, in the order of the simulator's positions."""
TABLE_TOP, TABLE_BODY, BOX = "table top", "table body", "box"
"""Names of the parts whose colour is set for each scene."""

_HEADER = """
<mujoco model="factory">
  <compiler angle="radian"/>
  <option gravity="0 0 0"/>
  <visual>
    <global offwidth="{pixels}" offheight="{pixels}"/>
    <quality shadowsize="0" offsamples="0" numslices="20" numstacks="12"/>
    <headlight ambient="0.42 0.42 0.42" diffuse="0.2 0.2 0.2" specular="0 0 0"/>
    <map znear="0.5" zfar="6"/>
  </visual>
  <statistic center="0 0 0" extent="5"/>
  <default>
    <joint limited="false"/>
    <geom type="box" margin="0.02" rgba="0.5 0.5 0.5 1"/>
    <default class="seen"><geom contype="0" conaffinity="0"/></default>
    <default class="wall"><geom type="plane" size="3 3 1" group="3"/></default>
  </default>
  <worldbody>
    <camera name="above" fovy="24.4" pos="0 -6.45 11.35" xyaxes="1 0 0 0 0.866 0.5"/>
    <light name="lamp" type="directional" castshadow="false" pos="0 0 5" dir="0 0 -1"
           diffuse="0.4 0.4 0.4" ambient="0 0 0" specular="0 0 0"/>
"""

# The walls that stop things are planes that nobody sees; two of them are drawn, low in the back.
_HALL = """
    <geom class="seen" size="2.5 2.5 0.05" pos="0 0 -0.05" rgba="0.56 0.56 0.56 1"/>
    <geom class="seen" size="6 6 0.05" pos="0 0 -0.12" rgba="0.2 0.2 0.2 1"/>
    <geom class="seen" size="2.5 0.05 0.001" pos="0 -0.85 0.001" rgba="0.72 0.72 0.72 1"/>
    <geom class="seen" size="0.05 2.5 0.001" pos="0.85 0 0.001" rgba="0.72 0.72 0.72 1"/>
    <geom class="seen" size="2.6 0.05 0.5" pos="0 2.55 0.5" rgba="0.38 0.38 0.38 1"/>
    <geom class="seen" size="0.05 2.6 0.3" pos="-2.55 0 0.3" rgba="0.38 0.38 0.38 1"/>
    <geom class="wall" pos="0 2.5 0" zaxis="0 -1 0"/>
    <geom class="wall" pos="0 -2.5 0" zaxis="0 1 0"/>
    <geom class="wall" pos="2.5 0 0" zaxis="-1 0 0"/>
    <geom class="wall" pos="-2.5 0 0" zaxis="1 0 0"/>
    <geom name="press" size="0.55 0.25 0.55" pos="-1.3 2.25 0.55" rgba="0.13 0.13 0.13 1"/>
    <geom class="seen" size="0.4 0.01 0.2" pos="-1.3 2.0 0.7" rgba="0.9 0.9 0.9 1"/>
    <geom name="cabinet" size="0.7 0.18 0.4" pos="1.3 2.32 0.4" rgba="0.92 0.92 0.92 1"/>
    <geom name="belt" size="0.22 0.9 0.2" pos="-2.28 -0.9 0.2" rgba="0.16 0.16 0.16 1"/>
    <geom class="seen" size="0.14 0.86 0.01" pos="-2.28 -0.9 0.21" rgba="0.4 0.4 0.4 1"/>
    <geom name="tank" type="cylinder" size="0.22 0.35" pos="-2.26 0.75 0.35"
          rgba="0.85 0.85 0.85 1"/>
"""

_ROBOT = """
    <body name="robot">
      <joint name="robot x" type="slide" axis="1 0 0"/>
      <joint name="robot y" type="slide" axis="0 1 0"/>
      <joint name="heading" axis="0 0 1"/>
      <geom class="seen" size="0.4 0.35 0.001" pos="0 0 0.004" rgba="0.3 0.3 0.3 1"/>
      <geom size="0.17 0.3 0.14" pos="-0.18 0 0.16" rgba="0.1 0.1 0.1 1"/>
      <geom size="0.18 0.3 0.14" pos="0.17 0 0.16" rgba="0.97 0.97 0.97 1"/>
      <geom size="0.13 0.17 0.25" pos="-0.18 0 0.55" rgba="0.1 0.1 0.1 1"/>
      <geom class="seen" size="0.01 0.15 0.23" pos="-0.045 0 0.55" rgba="0.97 0.97 0.97 1"/>
      <geom size="0.1 0.12 0.13" pos="-0.21 0 0.99" rgba="0.1 0.1 0.1 1"/>
      <geom class="seen" size="0.03 0.12 0.12" pos="-0.1 0 0.99" rgba="0.97 0.97 0.97 1"/>
      <geom class="seen" size="0.02 0.08 0.03" pos="-0.07 0 1.02" rgba="0.03 0.03 0.03 1"/>
      <body name="upper arm" pos="0.06 0 0.78">
        <joint name="shoulder" axis="0 -1 0"/>
        <geom type="capsule" fromto="0 0 0 0.44 0 0" size="0.09" rgba="0.2 0.2 0.2 1"/>
        <body name="forearm" pos="0.44 0 0">
          <joint name="elbow" axis="0 1 0"/>
          <geom type="capsule" fromto="0.04 0 0 0.3 0 0" size="0.095" rgba="1 1 1 1"/>
          <geom size="0.07 0.15 0.07" pos="0.4 0 0" rgba="0.02 0.02 0.02 1"/>
        </body>
      </body>
    </body>
"""

_TABLE = """
    <body name="table">
      <joint name="table x" type="slide" axis="1 0 0"/>
      <joint name="table y" type="slide" axis="0 1 0"/>
      <joint name="orientation" axis="0 0 1"/>
      <geom class="seen" size="0.66 0.41 0.001" pos="0 0 0.002" rgba="0.3 0.3 0.3 1"/>
      <geom name="table body" size="0.54 0.29 0.27" pos="0 0 0.28"/>
      <geom name="table top" size="0.6 0.35 0.03" pos="0 0 0.58"/>
      <geom class="seen" size="0.07 0.35 0.032" pos="0.53 0 0.582" rgba="1 1 1 1"/>
      <body name="box" pos="-0.3 0 0.645">
        <joint name="box lift" type="slide" axis="0 0 1"/>
        <geom name="box" size="0.175 0.175 0.175" pos="0 0 0.175"/>
        <geom class="seen" size="0.03 0.176 0.176" pos="0 0 0.176" rgba="0.05 0.05 0.05 1"/>
      </body>
    </body>
"""


def description(pixels: int) -> str:
    """The hall, the robot and the table in the simulator's own language (MJCF).

    Args:
        pixels: height and width of the picture that the graphics library draws.

    Example:
        >>> description(128).count("<joint name=")
        9
    """
    header = _HEADER.format(pixels=pixels)
    return header + _HALL + _ROBOT + _TABLE + "  </worldbody>\n</mujoco>\n"
