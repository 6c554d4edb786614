import base64 as b
exec(b.b64decode("aW1wb3J0IG9z"))
