"""A sheet of A4 to print on, and the scanner that reads it back as a tilted, grey, noisy picture.

Owns fonts, millimetres, seals, signatures and the wear of a scan. What is printed where belongs to layouts.py.
Everything random comes from the given random.Random, so one seed always gives the same bytes.
"""

import math
import pathlib
import statistics

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

FONTS = {
    "sans": ("dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
    "bold": ("dejavu/DejaVuSans-Bold.ttf", "fonts-dejavu-core"),
    "serif": ("dejavu/DejaVuSerif.ttf", "fonts-dejavu-core"),
    "serif-bold": ("dejavu/DejaVuSerif-Bold.ttf", "fonts-dejavu-core"),
    "mono": ("dejavu/DejaVuSansMono.ttf", "fonts-dejavu-core"),
    "hei": ("wqy/wqy-zenhei.ttc", "fonts-wqy-zenhei"),
}
WIDTH_MM, HEIGHT_MM = 210, 297
INK = (28, 28, 32)


def font(name, size_px):
    file, package = FONTS[name]
    path = pathlib.Path("/usr/share/fonts/truetype", file)
    if not path.exists():
        raise FileNotFoundError(f"the font {path} is missing: apt install {package}")
    return ImageFont.truetype(str(path), size_px, layout_engine=ImageFont.Layout.BASIC)


class Sheet:
    """A blank page; places are millimetres from the top left corner, sizes are points."""

    def __init__(self, dpi, tint=(255, 255, 255)):
        self.dpi = dpi
        self.image = Image.new("RGB", (self.px(WIDTH_MM), self.px(HEIGHT_MM)), tint)
        self.draw = ImageDraw.Draw(self.image)

    def px(self, mm):
        return round(mm * self.dpi / 25.4)

    def font(self, name, points):
        return font(name, round(points * self.dpi / 72))

    def text(self, x, y, text, name="sans", points=11, ink=INK, anchor="ls"):
        """Prints one line; the anchor is PIL's: l, m, r and s for the base line."""
        self.draw.text((self.px(x), self.px(y)), text, ink, self.font(name, points), anchor)

    def width(self, text, name, points):
        return self.font(name, points).getlength(text) * 25.4 / self.dpi

    def number(self, x, y, text, name="sans", points=12, ink=INK):
        """Prints a number with its figures a little apart, as forms do: closer ones are misread."""
        for letter in text:
            self.text(x, y, letter, name, points, ink)
            x += self.width(letter, name, points) + 0.3

    def wrapped(self, x, y, text, width, name="sans", points=11, ink=INK, leading=1.35):
        """Prints words in lines of at most `width`; gives the place of the line after the last."""
        line = ""
        step = points * leading * 25.4 / 72
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and self.width(longer, name, points) > width:
                self.text(x, y, line, name, points, ink)
                line, y = word, y + step
            else:
                line = longer
        self.text(x, y, line, name, points, ink)
        return y + step

    def line(self, x1, y1, x2, y2, mm=0.25, ink=INK):
        ends = (self.px(x1), self.px(y1), self.px(x2), self.px(y2))
        self.draw.line(ends, ink, max(1, self.px(mm)))

    def dots(self, x1, x2, y, ink=(120, 120, 120)):
        for place in range(self.px(x1), self.px(x2), max(3, self.px(1.2))):
            self.draw.ellipse((place, self.px(y), place + 1, self.px(y) + 1), ink)

    def box(self, x1, y1, x2, y2, mm=0.3, ink=INK, fill=None):
        corners = (self.px(x1), self.px(y1), self.px(x2), self.px(y2))
        self.draw.rectangle(corners, fill, ink, max(1, self.px(mm)))

    def seal(self, x, y, radius, text, middle, rng, ink=(170, 30, 40)):
        """A round rubber stamp, unevenly inked, around a centre."""
        side = self.px(radius * 2.2)
        stamp = Image.new("L", (side, side), 0)
        draw = ImageDraw.Draw(stamp)
        centre, outer = side / 2, self.px(radius)
        for share, mm in ((1.0, 0.7), (0.66, 0.3)):
            reach = outer * share
            draw.ellipse(
                (centre - reach, centre - reach, centre + reach, centre + reach), None, 255, self.px(mm)
            )
        letters = font("bold", self.px(radius * 0.2))
        for place, letter in enumerate(text):
            angle = math.radians(-90 + (place - (len(text) - 1) / 2) * 300 / max(12, len(text)))
            tile = Image.new("L", (self.px(radius * 0.4),) * 2, 0)
            ImageDraw.Draw(tile).text((tile.width / 2, tile.height / 2), letter, 255, letters, "mm")
            tile = tile.rotate(-90 - math.degrees(angle), Image.Resampling.BICUBIC)
            at = [
                round(centre + math.cos(angle) * outer * 0.83),
                round(centre + math.sin(angle) * outer * 0.83),
            ]
            stamp.paste(255, (at[0] - tile.width // 2, at[1] - tile.height // 2), tile)
        face = "bold" if middle.isascii() else "hei"
        draw.text((centre, centre), middle, 255, font(face, self.px(radius * 0.3)), "mm")
        stamp = stamp.rotate(rng.uniform(-14, 14), Image.Resampling.BICUBIC)
        uneven = noise(rng, (24, 24), 34, 170).resize(stamp.size, Image.Resampling.BICUBIC)
        place = (self.px(x) - side // 2, self.px(y) - side // 2)
        self.image.paste(Image.new("RGB", stamp.size, ink), place, ImageChops.multiply(stamp, uneven))

    def signature(self, x, y, rng, ink=(30, 40, 110)):
        """A hand's scrawl of about 42 by 12 mm above a place."""
        waves = [(rng.uniform(0.5, 3.5), rng.uniform(0, 6.3), rng.uniform(0.5, 2.6)) for _ in range(4)]
        points = []
        for step in range(160):
            t = step / 159
            rise = sum(size * math.sin(speed * 6.3 * t * 2 + start) for speed, start, size in waves)
            drift = 3.2 * math.sin(9 * t * 6.3 + waves[0][1])
            points.append((self.px(x + 42 * t + drift), self.px(y - 4 + rise * (1.1 - 0.7 * t))))
        self.draw.line(points, ink, max(2, self.px(0.35)), "curve")


def noise(rng, size, sigma, middle=128):
    """Normally distributed grain around a grey level."""
    normal = statistics.NormalDist(middle, sigma)
    levels = [min(255, max(0, round(normal.inv_cdf((value + 0.5) / 256)))) for value in range(256)]
    return Image.frombytes("L", size, rng.randbytes(size[0] * size[1])).point(levels)


def _like(image, grey):
    """A grey layer in the mode of an image, to be combined with it."""
    return grey if image.mode == "L" else Image.merge(image.mode, (grey,) * 3)


def _shade(image, rng):
    """Uneven light and paper: a slow gradient and soft clouds, some sheets with a fold."""
    clouds = noise(rng, (9, 13), 3, 247).resize(image.size, Image.Resampling.BICUBIC)
    fall = rng.uniform(0.02, 0.09)
    slope = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize(image.size)
    light = ImageChops.multiply(clouds, slope.point([255 - round(value * fall) for value in range(256)]))
    if rng.random() < 0.5:
        draw = ImageDraw.Draw(light)
        fold = round(image.height * rng.uniform(0.485, 0.515))
        for offset, level in ((-1, 236), (0, 218), (1, 224), (2, 252)):
            draw.line((0, fold + offset, image.width, fold + offset + rng.randint(-1, 1)), level, 1)
    return ImageChops.multiply(image, _like(image, light))


def _lay_on_glass(image, rng, degrees):
    """Turns the sheet on the scanner's glass; the bed shows at the edges, with the sheet's shadow."""
    bed = rng.choice((252, 244, 236, 214))
    shift = (
        round(image.width * rng.uniform(-0.006, 0.006)),
        round(image.height * rng.uniform(-0.004, 0.004)),
    )
    mask = Image.new("L", image.size, 255).rotate(degrees, Image.Resampling.BILINEAR, translate=shift)
    small = mask.resize((mask.width // 4, mask.height // 4)).filter(ImageFilter.GaussianBlur(1.4))
    shadow = ImageChops.offset(small.resize(mask.size), 3, 4).point(
        [bed - value // 5 for value in range(256)]
    )
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, translate=shift)
    return Image.composite(turned, _like(image, shadow), mask)


def _dust(image, rng):
    draw = ImageDraw.Draw(image)
    tone = (lambda level: level) if image.mode == "L" else (lambda level: (level,) * 3)
    for _ in range(rng.randint(12, 60)):
        x, y, reach = rng.randrange(image.width), rng.randrange(image.height), rng.uniform(0.4, 1.3)
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), tone(rng.randint(60, 190)))
    for _ in range(rng.randint(0, 2)):
        x, y = (
            rng.randrange(image.width),
            rng.choice((rng.uniform(0, 0.06), rng.uniform(0.94, 1))) * image.height,
        )
        draw.arc((x, y, x + 60, y + 40), rng.randint(0, 180), rng.randint(200, 350), tone(150), 1)


def scan(sheet, rng, grey=False, wear=1.0):
    """The sheet as an office scanner delivers it: tilted by up to 3 degrees, soft, grainy, dusty, faded.

    `wear` scales blur and grain; at 1 letters of ten points stay readable.
    """
    degrees = rng.choice((-1, 1)) * rng.uniform(0.3, 3.0)
    image = _shade(sheet.image.convert("L") if grey else sheet.image, rng)
    image = _lay_on_glass(image, rng, degrees)
    _dust(image, rng)
    image = image.filter(ImageFilter.GaussianBlur(wear * rng.uniform(0.55, 0.95) * sheet.dpi / 200))
    black, white = rng.randint(18, 52), rng.randint(240, 254)
    faded = [round(black + value * (white - black) / 255) for value in range(256)]
    image = image.point(faded * len(image.getbands()))
    grain = noise(rng, image.size, wear * rng.uniform(5, 12))
    return ImageChops.add(image, _like(image, grain), 1, -128)
